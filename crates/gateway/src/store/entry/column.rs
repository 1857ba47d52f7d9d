//! What a row of `entry` says beside its leaf.

use super::{Addition, spans};
use crate::store::{Error, Read, Value};

/// What a leaf can be found by, as its row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns<'a> {
    event: &'a str,
    ts: i64,
    call: Option<&'a [u8]>,
    session: Option<&'a [u8]>,
    /// Actor, server, method, target, result.
    texts: [Option<&'a str>; 5],
}

impl<'a> Addition<'a> {
    /// What its row says.
    pub fn columns(&self) -> Columns<'a> {
        Columns {
            event: self.event,
            ts: self.ts,
            call: self.call.map(<[u8; 16]>::as_slice),
            session: self.session.map(<[u8; 16]>::as_slice),
            texts: [self.actor, self.server, self.method, self.target, self.result],
        }
    }
}

/// Calls `f` with index, columns and bytes of the leaves from index `from` up to and without `until`, in order.
pub fn columns(
    read: &mut Read<'_>,
    from: u64,
    until: u64,
    mut f: impl FnMut(u64, Columns<'_>, &[u8]),
) -> Result<(), Error> {
    for span in spans(read, from, until, u32::MAX - 1)? {
        let (first, mut index) = (span.place.0, span.index);
        read.each(
            "SELECT type, ts, call, session, actor, server, method, target, result, leaf FROM entry \
             WHERE place >= $1 AND place < $2 ORDER BY place",
            &[Value::Int(first), Value::Int(first + span.count.cast_signed())],
            |row| {
                let mut texts = [None; 5];
                for (text, column) in texts.iter_mut().zip(4..) {
                    *text = row.maybe_text(column)?;
                }
                let (call, session) = (row.maybe_bytes(2)?, row.maybe_bytes(3)?);
                let found = Columns { event: row.text(0)?, ts: row.int(1)?, call, session, texts };
                f(index, found, row.bytes(9)?);
                index += 1;
                Ok(())
            },
        )?;
    }
    Ok(())
}
