//! Approvals that are signed with a passkey: [WebAuthn](https://www.w3.org/TR/webauthn-3/), section 7.2.
//!
//! The challenge is the hash that the approval is bound to, so that whoever has the leaf can check without the gateway that this
//! person, with this device, agreed to exactly this call. A challenge that is known beforehand is no weakness here: the signature
//! is about one approval, in which a person counts once.

use evidence::passkey::{self, Assertion, CREDENTIAL_BYTES_MAX};
use serde::Deserialize;

use super::decide::{Approver, Ballot, NotDecided};
use super::{Approvals, Fault, Record};
use crate::model::Demand;
use crate::store::approval_vote::Vote;
use crate::store::passkey::{self as row, Passkey};
use crate::store::{self, Tx};

/// What the browser brings. All of it is base64url without padding.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Identifier of the passkey.
    pub id: String,
    /// What the browser says of the signature.
    #[serde(rename = "clientDataJSON")]
    pub client_data: String,
    /// What the authenticator says of it.
    #[serde(rename = "authenticatorData")]
    pub authenticator_data: String,
    /// The signature over both.
    pub signature: String,
}

/// Why a signature does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// There are no passkeys at this address.
    #[error("browsers have no passkeys for a gateway whose `public_url` is an address of numbers")]
    Nowhere,
    /// It is nobody's, somebody else's, or removed.
    #[error("it is no passkey of yours")]
    Unknown,
    /// It does not hold.
    #[error("it {0}")]
    Fault(#[from] passkey::Fault),
    /// The counter went back, or the passkey was removed meanwhile.
    #[error("it was made with a copy of your passkey, or with one that was removed meanwhile")]
    Copied,
}

/// A signature that holds.
#[derive(Debug, Clone)]
pub(super) struct Signed {
    pub(super) assertion: Assertion,
    id: Vec<u8>,
    counter: u32,
}

impl Signed {
    /// Whether the passkey is still of use, and the only one of its kind, for the vote that is being reserved.
    pub(super) fn count(&self, tx: &mut Tx<'_>, vote: &Vote) -> Result<bool, store::Error> {
        row::advance(tx, &vote.voter, &self.id, i64::from(self.counter), vote.ts)
    }
}

impl Approvals {
    /// The passkeys of `approver` that can sign.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn passkeys(&self, approver: &Approver) -> Result<Vec<Passkey>, Fault> {
        let Some(party) = self.party.clone() else { return Ok(Vec::new()) };
        let person = approver.principal.party.digest();
        let mut passkeys = self.db.read("passkeys", move |read| row::of(read, &person)).await?;
        passkeys.retain(|passkey| passkey.rp_id == party.id && passkey.origin == party.origin);
        Ok(passkeys)
    }

    /// The signature that came with a ballot, if policy wants one or there is one.
    pub(super) async fn signed(
        &self,
        record: &Record,
        approver: &Approver,
        ballot: &Ballot,
    ) -> Result<Option<Signed>, NotDecided> {
        let brought = match ballot {
            Ballot::Approve { passkey, .. } => passkey.as_ref(),
            Ballot::Reject { .. } => return Ok(None),
        };
        match brought {
            None if record.content.terms.passkey == Demand::Required => Err(NotDecided::PasskeyRequired),
            None => Ok(None),
            Some(signature) => self.check(record, approver, signature).await.map(Some),
        }
    }

    async fn check(
        &self,
        record: &Record,
        approver: &Approver,
        signature: &Signature,
    ) -> Result<Signed, NotDecided> {
        let party = self.party.as_ref().ok_or(NotDecided::Passkey(Unsigned::Nowhere))?;
        let fault = |fault: passkey::Fault| NotDecided::Passkey(fault.into());
        let id = passkey::decode(&signature.id, CREDENTIAL_BYTES_MAX).map_err(fault)?;
        let (person, key) = (approver.principal.party.digest(), id.clone());
        let found = self.db.read("passkey", move |read| row::find(read, &person, &key)).await;
        let found = found.map_err(Fault::from)?.ok_or(NotDecided::Passkey(Unsigned::Unknown))?;
        let assertion = Assertion {
            credential: signature.id.clone(),
            key: passkey::encode(&found.key),
            authenticator_data: signature.authenticator_data.clone(),
            client_data: signature.client_data.clone(),
            signature: signature.signature.clone(),
            rp_id: party.id.clone(),
            origin: party.origin.clone(),
        };
        let said = assertion.check(&record.row.binding).map_err(fault)?;
        Ok(Signed { assertion, id, counter: said.counter })
    }
}
