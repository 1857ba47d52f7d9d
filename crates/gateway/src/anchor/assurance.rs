//! How strongly the log is anchored outside the reach of whoever owns its database: computed from what is there, not from
//! what is configured.

use std::fmt;

use aws_lc_rs::hmac;
use jiff::Timestamp;

use super::{seal, witness};
use crate::clock::micros;
use crate::config;
use crate::limits;
use crate::store::anchor::Reached;
use crate::store::checkpoint::Signed;
use crate::store::{self, Read, anchor, checkpoint, epoch};

/// Whether every published checkpoint goes to the log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// It does.
    Kept,
    /// The configured level leaves it out.
    LeftOut,
}

/// A level, and why it is the one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assurance {
    /// `L0` to `L3`.
    pub level: &'static str,
    /// What holds the log, and what that shows.
    pub why: String,
}

impl Assurance {
    /// Looks now. What the database says of anchors counts where it is sealed with `key`: nothing does without.
    ///
    /// # Errors
    /// As the store says.
    pub fn look(
        read: &mut Read<'_>,
        anchors: &config::Anchors,
        lines: Lines,
        key: Option<&hmac::Key>,
    ) -> Result<Self, store::Error> {
        let epoch = epoch::current(read)?;
        let (reached, foreign) = known(read, key)?;
        let latest = checkpoint::latest(read, &epoch)?;
        let mut found: Vec<Self> = foreign.into_iter().collect();
        if witness::is_witnessed(read, &epoch, anchors)? {
            let why = "every witness that is configured has cosigned what was published, but for its last minute; what \
                       was cosigned can neither be cut nor rewritten, not even by the holder of the key";
            found.push(Self::of("L3", why));
        }
        if let Some(latest) = &latest {
            for place in &anchors.places {
                let name = format!("place {}", place.name);
                let Some(there) = reached.iter().find(|reached| reached.name == name) else { continue };
                let late_ms = place.interval_ms + limits::ANCHOR_LATE_MS;
                if is_fresh(read, there, latest, late_ms)? {
                    found.push(Self::of_place(place, there, latest));
                }
            }
            for webhook in &anchors.webhooks {
                let name = format!("webhook {}", webhook.name);
                let Some(there) = reached.iter().find(|reached| reached.name == name) else { continue };
                if is_fresh(read, there, latest, limits::ANCHOR_LATE_MS)? {
                    let why = format!(
                        "webhook `{}` has received every checkpoint but those of the last minute; a log cut short \
                         shows there, and a rewrite if another owner keeps them",
                        webhook.name
                    );
                    found.push(Self { level: "L1", why });
                }
            }
        }
        Ok(Self::strongest(found, lines))
    }

    /// The strongest of what was found, with every reason.
    fn strongest(mut found: Vec<Self>, lines: Lines) -> Self {
        if found.is_empty() || lines == Lines::Kept {
            found.push(Self::without_anchors(lines));
        }
        found.sort_by(|a, b| b.level.cmp(a.level));
        let level = found.first().map_or("L0", |first| first.level);
        let why: Vec<String> = found.into_iter().map(|one| one.why).collect();
        Self { level, why: why.join("; ") }
    }

    fn of_place(place: &config::Place, there: &Reached, latest: &Signed) -> Self {
        let until = there.held_until.filter(|until| *until > latest.ts);
        let until = until.and_then(|until| Timestamp::from_microsecond(until).ok());
        match (&there.held, until) {
            (Some(held), Some(until)) => Self {
                level: "L2",
                why: format!(
                    "the log is published to `{}`, where every file is kept for its time ({held}, seen until {until}), but \
                     `checkpoint`: the latest one, which is replaced, and stands in `checkpoints/`, where it is kept; \
                     what was published is recoverable, and a log cut or rewritten shows, up to the last {} s",
                    place.name,
                    place.interval_ms / 1_000
                ),
            },
            _ => Self {
                level: "L1",
                why: format!(
                    "the log is published to `{}`, and nothing was proven to keep the files there; a log cut or \
                     rewritten shows if another owner keeps them",
                    place.name
                ),
            },
        }
    }

    /// What log lines alone give.
    pub fn without_anchors(lines: Lines) -> Self {
        match lines {
            Lines::Kept => Self::of(
                "L1",
                "every checkpoint goes to the log lines; a log cut short shows there, and a rewrite if that sink has \
                 another owner",
            ),
            Lines::LeftOut => Self::of(
                "L0",
                "`log.level` leaves out the lines of `countersign::checkpoint`, so no checkpoint leaves this machine; \
                 write `warn,countersign::checkpoint=info` to have them and no others",
            ),
        }
    }

    fn of(level: &'static str, why: &str) -> Self {
        Self { level, why: why.to_owned() }
    }
}

/// How far anchors have come, as far as a gateway of this log says so; and that it says less than the database.
fn known(
    read: &mut Read<'_>,
    key: Option<&hmac::Key>,
) -> Result<(Vec<Reached>, Option<Assurance>), store::Error> {
    let (known, foreign): (Vec<_>, Vec<_>) = anchor::all(read)?
        .into_iter()
        .partition(|reached| key.is_some_and(|key| seal::is_sealed(key, reached)));
    let names: Vec<String> = foreign.iter().map(|reached| format!("`{}`", reached.name)).collect();
    let why = match key {
        _ if names.is_empty() => return Ok((known, None)),
        Some(_) => "was not written by a gateway of this log: somebody else writes to the database",
        None => "cannot be told from what others write: the key directory cannot be read",
    };
    let why = format!("what the database says of {} does not count, it {why}", names.join(", "));
    Ok((known, Some(Assurance { level: "L0", why })))
}

/// Whether what stands in a place is at most `late_ms` older than the latest checkpoint.
fn is_fresh(
    read: &mut Read<'_>,
    there: &Reached,
    latest: &Signed,
    late_ms: u64,
) -> Result<bool, store::Error> {
    let Some(signed) = checkpoint::of_size(read, there.size)? else { return Ok(false) };
    let late_us = micros(late_ms);
    Ok(latest.ts.saturating_sub(signed.ts) <= late_us)
}

impl fmt::Display for Assurance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.level, self.why)
    }
}
