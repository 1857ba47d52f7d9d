//! What a caller holds while it waits: the `requestState` of our `input_required` answers (SEP-2322), or the id of a task
//! (SEP-2663, SEP-1686). It names the approval and counts the legs, under a MAC over both, the caller and the call, so it is of no
//! use to anybody else, nor for another call.

use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::{Approvals, Fault, Record};
use crate::model::Party;

const PREFIX: &str = "countersign-1.";
const TASK_PREFIX: &str = "countersign-task-1.";
/// Stands in tasks for the leg: no `requestState` has it.
pub const TASK_LEG: u32 = 0;

/// A `requestState` of ours, or the id of a task of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// The approval that is waited for.
    pub approval: Uuid,
    /// Which leg of the wait it ended, from 1.
    pub leg: u32,
    mac: [u8; 32],
}

impl Ticket {
    /// Reads a `requestState`. `None`: it is not one of ours. `Some(None)`: it looks like one and is none.
    pub fn parse(text: &str) -> Option<Option<Self>> {
        let read = Self::read(text.strip_prefix(PREFIX)?);
        Some(read.filter(|ticket| ticket.leg != TASK_LEG))
    }

    /// Reads the id of a task likewise.
    pub fn parse_task(text: &str) -> Option<Option<Self>> {
        let read = Self::read(text.strip_prefix(TASK_PREFIX)?);
        Some(read.filter(|ticket| ticket.leg == TASK_LEG))
    }

    fn read(encoded: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(encoded).ok().and_then(|bytes| {
            let (approval, rest) = bytes.split_first_chunk::<16>()?;
            let (leg, mac) = rest.split_first_chunk::<4>()?;
            let mac = mac.try_into().ok()?;
            Some(Self { approval: Uuid::from_bytes(*approval), leg: u32::from_be_bytes(*leg), mac })
        })
    }
}

impl Approvals {
    /// The `requestState` after `leg`.
    pub async fn ticket(&self, approval: Uuid, leg: u32) -> Result<String, Fault> {
        let record = self.find(approval).await?.ok_or(Fault::Malformed)?;
        Ok(self.written(PREFIX, &record, leg))
    }

    /// The id of the task that stands for a held call.
    pub fn task_id(&self, record: &Record) -> String {
        self.written(TASK_PREFIX, record, TASK_LEG)
    }

    fn written(&self, prefix: &str, record: &Record, leg: u32) -> String {
        let bytes = [record.row.id.as_slice(), &leg.to_be_bytes(), &self.ticket_mac(record, leg)].concat();
        format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The approval that a ticket names, if `party` is who it was given to.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn redeem(&self, ticket: Ticket, party: &Party) -> Result<Option<Record>, Fault> {
        let Some(record) = self.find(ticket.approval).await? else { return Ok(None) };
        let mac = self.ticket_mac(&record, ticket.leg);
        let genuine = constant_time::verify_slices_are_equal(&mac, &ticket.mac).is_ok();
        Ok((genuine && record.row.asker == party.digest()).then_some(record))
    }

    fn ticket_mac(&self, record: &Record, leg: u32) -> [u8; 32] {
        let row = &record.row;
        let parts = [b"ticket\0".as_slice(), &row.id, &leg.to_be_bytes(), &row.asker, &row.likeness];
        let tag = hmac::sign(&self.key, &parts.concat());
        let mut mac = [0; 32];
        mac.copy_from_slice(tag.as_ref());
        mac
    }
}
