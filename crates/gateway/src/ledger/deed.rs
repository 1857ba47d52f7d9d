//! What takes effect with a leaf, in one transaction: neither is without the other, whatever dies and whoever waits too long.

use crate::seal::Seal;
use crate::store::acceptance::{self, Acceptance};
use crate::store::publication::{self, Proposal, Publication};
use crate::store::{Error, ErrorKind, Tx, notice, passkey, session_end};

/// A change of what is in force.
#[derive(Debug, Clone)]
pub enum Deed {
    /// A policy set is proposed.
    Propose(Box<Proposal>),
    /// A policy set is in force, and the proposal with this id over.
    Publish(Box<Publication>, [u8; 16]),
    /// The proposal with this id is over.
    Withdraw([u8; 16]),
    /// The passkey with this id is of use.
    RegisterPasskey(Vec<u8>),
    /// The passkey with this id is gone.
    RemovePasskey(Vec<u8>),
    /// Nothing runs any more in the recording session with this id.
    EndSession([u8; 16]),
    /// What the notice with this id asked for is done.
    Note([u8; 16]),
    /// A changed definition is the pinned one.
    Accept(Box<(Acceptance, Seal)>),
}

impl Deed {
    /// Does it, beside the leaf.
    pub(super) fn apply(&self, tx: &mut Tx<'_>, ts: i64) -> Result<(), Error> {
        match self {
            Self::Propose(proposal) => publication::propose(tx, proposal),
            Self::Publish(new, proposal) => {
                // Whoever publishes holds the claim: only somebody else's hand in the database makes another.
                if !publication::publish(tx, new, ts)? {
                    return Err(Error::new(ErrorKind::Busy, "another policy set was published meanwhile"));
                }
                publication::end(tx, proposal, ts)
            }
            Self::Withdraw(proposal) => publication::end(tx, proposal, ts),
            Self::RegisterPasskey(id) => passkey::note(tx, id, ts),
            Self::RemovePasskey(id) => passkey::delete(tx, id),
            Self::EndSession(id) => session_end::insert(tx, id, ts),
            Self::Note(id) => notice::note(tx, id, ts),
            Self::Accept(accepted) => {
                let (accepted, seal) = &**accepted;
                acceptance::note(tx, seal, accepted, ts)
            }
        }
    }
}
