//! The client of timestamp authorities ([RFC 3161](https://www.rfc-editor.org/rfc/rfc3161)): once a day they stamp a
//! checkpoint, so that even whoever has the key of the log cannot say that something was written before.
//!
//! What was stamped, its number and its time are checked here. Whether the authority signed it is for whoever verifies, with
//! the authority's certificate.

use aws_lc_rs::rand;
use evidence::merkle::Hash;
use evidence::note::Note;
use evidence::stamp::{self as format, QUERY_TYPE, REPLY_TYPE, STAMP_BYTES_MAX, StampError};
use http::header::{ACCEPT, CONTENT_TYPE};
use jiff::{SignedDuration, Timestamp};

use super::{Anchors, Name};
use crate::clock::micros;
use crate::config;
use crate::limits;
use crate::store::stamp::{self, Stamp};
use crate::store::{self, checkpoint};

/// Why no timestamp came.
#[derive(Debug, thiserror::Error)]
pub enum Unstamped {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// It cannot be reached.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// It refused, or answered something else.
    #[error("it answered {0}")]
    Refused(http::StatusCode),
    /// Not a timestamp.
    #[error(transparent)]
    Malformed(#[from] StampError),
    /// Larger than a timestamp is.
    #[error("its answer is too large")]
    TooLarge,
    /// A timestamp of something else.
    #[error("what it stamped is not what it was asked to stamp")]
    Other,
    /// Its clock or ours is wrong.
    #[error("its clock says {0}, and that is not the time here")]
    Clock(evidence::time::Timestamp),
    /// No randomness.
    #[error("the system gave no random bytes")]
    Random,
}

impl Anchors {
    /// Has the latest checkpoint stamped, when the last timestamp is old enough.
    pub(super) async fn stamp(&self, authority: &config::Authority) -> Result<(), Unstamped> {
        let (epoch, name, now) = (self.ledger.epoch(), authority.name.clone(), self.clock.now());
        let (latest, last) = self
            .db
            .read("checkpoint to stamp", move |read| {
                Ok((checkpoint::latest(read, &epoch)?, stamp::last(read, &name)?))
            })
            .await?;
        let (size, ts) = last.unwrap_or((0, i64::MIN));
        self.know(Name::new("authority", &authority.name), size);
        let every_us = micros(authority.interval_ms);
        let due = now.as_microsecond().saturating_sub(every_us) >= ts;
        let Some(signed) = latest.filter(|latest| due && latest.size > size) else { return Ok(()) };
        let Ok(note) = Note::parse(&signed.note) else { return Err(Unstamped::Other) };
        let token = self.ask_for(authority, &Hash::of(note.text().as_bytes()), now).await?;
        let kept =
            Stamp { size: signed.size, authority: authority.name.clone(), token, ts: now.as_microsecond() };
        self.db.write("timestamp", move |tx| stamp::insert(tx, &kept)).await?;
        Ok(self.reach(Name::new("authority", &authority.name), signed.size, None).await?)
    }

    async fn ask_for(
        &self,
        authority: &config::Authority,
        imprint: &Hash,
        now: Timestamp,
    ) -> Result<Vec<u8>, Unstamped> {
        let unreachable = |error: reqwest::Error| Unstamped::Unreachable(error.without_url().to_string());
        let mut nonce = [0; 8];
        rand::fill(&mut nonce).map_err(|_| Unstamped::Random)?;
        let nonce = u64::from_be_bytes(nonce);
        let asked = self
            .client
            .post(authority.url.clone())
            .header(CONTENT_TYPE, QUERY_TYPE)
            .header(ACCEPT, REPLY_TYPE)
            .body(format::request(imprint, nonce));
        let mut answer = asked.send().await.map_err(unreachable)?;
        if !answer.status().is_success() {
            return Err(Unstamped::Refused(answer.status()));
        }
        let mut token = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(unreachable)? {
            token.extend_from_slice(&part);
            if token.len() > STAMP_BYTES_MAX {
                return Err(Unstamped::TooLarge);
            }
        }
        let stamped = format::Stamp::read(&token)?;
        if stamped.imprint != *imprint || stamped.nonce != Some(format::number(nonce)) {
            return Err(Unstamped::Other);
        }
        let there = Timestamp::from_microsecond(stamped.time.as_micros()).unwrap_or(Timestamp::MIN);
        let apart = SignedDuration::from_millis(limits::STAMP_CLOCK_MS.cast_signed());
        if there.duration_since(now).abs() > apart {
            return Err(Unstamped::Clock(stamped.time));
        }
        Ok(token)
    }
}
