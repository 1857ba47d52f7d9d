//! Any split of a stream gives the same events, no byte is lost, and rewritten blocks read as meant.

use bytes::Bytes;
use countersign::mcp::sse::{Event, Framer};

const MOST: usize = 1 << 16;

/// The first byte says how to split the rest.
pub fn run(data: &[u8]) {
    let Some((step, stream)) = data.split_first() else { return };
    let whole = events(stream.chunks(stream.len().max(1)));
    let parts = events(stream.chunks(usize::from(*step % 7) + 1));
    assert_eq!(whole.1, parts.1);
    assert_eq!(whole.0.len(), parts.0.len());
    for (one, other) in whole.0.iter().zip(&parts.0) {
        assert_eq!(one.raw(), other.raw());
        assert_eq!(shape(one), shape(other));
        rewrite(one);
    }
    let all: Vec<u8> = whole.0.iter().flat_map(|event| event.raw().to_vec()).chain(whole.1).collect();
    assert_eq!(all, stream);
    narrow(stream);
}

type Shape = (Option<Bytes>, Option<Bytes>, Option<Bytes>, Option<u64>);

fn shape(event: &Event) -> Shape {
    (event.data.clone(), event.id.clone(), event.event.clone(), event.retry)
}

fn rewrite(event: &Event) {
    let again = |bytes: Bytes| {
        // On its own it begins a stream, so the LF that ended the block before it is left out.
        let alone = if bytes.len() > 1 {
            bytes.strip_prefix(b"\n").unwrap_or(&bytes).to_vec()
        } else {
            bytes.to_vec()
        };
        let (mut events, rest) = events(std::iter::once(&alone[..]));
        assert_eq!((events.len(), rest.len()), (1, 0), "a block stays one block");
        events.remove(0)
    };
    // One of another type goes no further.
    if event.is_message() && !event.raw().starts_with(b"\xef\xbb\xbf") {
        assert_eq!(shape(&again(event.forward())), shape(event));
        let (_, id, name, retry) = shape(event);
        assert_eq!(shape(&again(event.encode(b"{}"))), (Some(Bytes::from_static(b"{}")), id, name, retry));
    }
}

/// With a small limit nothing larger comes out.
fn narrow(stream: &[u8]) {
    let mut framer = Framer::new(8);
    framer.feed(Bytes::copy_from_slice(stream));
    while let Ok(Some(event)) = framer.cut() {
        assert!(event.raw().len() <= 8);
    }
}

fn events<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<Event>, Bytes) {
    let mut framer = Framer::new(MOST);
    let mut events = Vec::new();
    for chunk in chunks {
        framer.feed(Bytes::copy_from_slice(chunk));
        while let Ok(Some(event)) = framer.cut() {
            events.push(event);
        }
    }
    let end = framer.finish();
    events.extend(end.event);
    (events, end.rest)
}
