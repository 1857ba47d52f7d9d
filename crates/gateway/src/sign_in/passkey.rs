//! Passkeys of people: registered by whoever has just signed in, on record before they are of use.
//!
//! [WebAuthn](https://www.w3.org/TR/webauthn-3/), section 7.1. What an authenticator attests about itself is not asked for: that
//! the passkey is this person's rests on their having signed in a moment ago, and the record says when.

use std::sync::Arc;

use evidence::leaf::EventType;
use evidence::passkey::{self, CLIENT_DATA_BYTES_MAX, CREDENTIAL_BYTES_MAX, Ceremony, RelyingParty};
use serde::Deserialize;
use serde_json::{Value, json};
use url::{Host, Url};

use super::attestation::Attested;
use super::{NoRandomness, SignIns, Visit, seal};
use crate::clock::micros;
use crate::ledger::{Deed, Event, Ledger, Unavailable};
use crate::limits;
use crate::model::{Party, Principal};
use crate::store;
use crate::store::passkey::{self as row, Addition, Removal};

const OFFER: &[u8] = b"countersign/1 passkey offer\0";
const NAME: &[u8] = b"countersign/1 passkey name\0";

/// The website that passkeys of this gateway are for. `None`: browsers have none for addresses of numbers.
pub(super) fn relying_party(public_url: &Url) -> Option<RelyingParty> {
    let Some(Host::Domain(domain)) = public_url.host() else { return None };
    Some(RelyingParty { id: domain.to_owned(), origin: public_url.origin().ascii_serialization() })
}

/// A passkey that a browser has made. All but the name is base64url without padding.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// What the person calls it.
    pub name: String,
    /// What its authenticator calls it.
    pub id: String,
    /// What the browser says of the ceremony.
    #[serde(rename = "clientDataJSON")]
    pub client_data: String,
    /// What the authenticator says of the new key.
    #[serde(rename = "attestationObject")]
    pub attestation: String,
}

/// A passkey, for its person to see. Times are microseconds since 1970.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What its authenticator calls it, base64url.
    pub id: String,
    /// What the person calls it.
    pub name: String,
    /// When it was registered.
    pub created: i64,
    /// When it signed last.
    pub used: Option<i64>,
}

/// Why there is no passkey, or why it stays.
#[derive(Debug, thiserror::Error)]
pub enum NoPasskey {
    /// There are no passkeys at this address.
    #[error("browsers have no passkeys for a gateway whose `public_url` is an address of numbers")]
    Nowhere,
    /// Programs have none.
    #[error("only a person has passkeys")]
    NotAPerson,
    /// They signed in too long ago.
    #[error("you signed in too long ago for this: sign out and in again, then register the passkey")]
    Stale,
    /// The name is no name.
    #[error("a passkey has a name of 1 to {} bytes", limits::PASSKEY_NAME_BYTES_MAX)]
    Name,
    /// They have enough.
    #[error("you have {} passkeys: remove one first", limits::PASSKEYS_PER_PERSON_MAX)]
    Full,
    /// It is registered already.
    #[error("this passkey is registered already")]
    Taken,
    /// What the browser brings was not offered to this person, or too long ago.
    #[error("the offer to register a passkey has ended: try again")]
    Offer,
    /// What the browser brings is not what was asked for.
    #[error("the passkey {0}")]
    Fault(#[from] passkey::Fault),
    /// A word of this person is being recorded.
    #[error("a decision of yours is being recorded at this moment: try again")]
    Busy,
    /// They have no such passkey.
    #[error("you have no such passkey")]
    Unknown,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// It cannot be recorded.
    #[error(transparent)]
    Ledger(#[from] Unavailable),
    /// No randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

impl SignIns {
    /// The passkeys of a person.
    ///
    /// # Errors
    /// [`store::Error`].
    pub async fn passkeys(&self, who: &Party) -> Result<Vec<Shown>, store::Error> {
        let person = who.digest();
        let rows = self.db.read("passkeys", move |read| row::of(read, &person)).await?;
        let shown = rows.into_iter().map(|row| Shown {
            name: seal::open(&self.key, &[NAME, &row.id].concat(), &row.sealed)
                .map(|name| String::from_utf8_lossy(&name).into_owned())
                .unwrap_or_default(),
            id: passkey::encode(&row.id),
            created: row.created,
            used: row.used,
        });
        Ok(shown.collect())
    }

    /// What the browser is asked to make: `PublicKeyCredentialCreationOptionsJSON`.
    ///
    /// # Errors
    /// [`NoPasskey`].
    pub async fn offer(&self, visit: &Visit) -> Result<Value, NoPasskey> {
        let party = self.party.as_ref().ok_or(NoPasskey::Nowhere)?;
        self.require_fresh(visit)?;
        let who = &visit.principal;
        let known = self.passkeys(&who.party).await?;
        if known.len() as u64 >= limits::PASSKEYS_PER_PERSON_MAX {
            return Err(NoPasskey::Full);
        }
        let until = self.now() + micros(limits::PASSKEY_OFFER_MS);
        let challenge = seal::seal(&self.key, &purpose(visit), &until.to_be_bytes())?;
        let name = who.email.as_ref().unwrap_or(&who.party.subject);
        let algorithms = [-7, -8, -257].map(|alg| json!({ "type": "public-key", "alg": alg }));
        let excluded = known.iter().map(|known| json!({ "type": "public-key", "id": known.id }));
        Ok(json!({
            "rp": { "id": party.id, "name": "Countersign" },
            "user": {
                "id": passkey::encode(&who.party.digest()),
                "name": name,
                "displayName": who.name.as_ref().unwrap_or(name),
            },
            "challenge": passkey::encode(&challenge),
            "pubKeyCredParams": algorithms,
            "timeout": limits::PASSKEY_OFFER_MS,
            "excludeCredentials": excluded.collect::<Vec<_>>(),
            "authenticatorSelection": { "residentKey": "discouraged", "userVerification": "required" },
            "attestation": "none",
        }))
    }

    /// Takes what the browser has made: on record, then of use.
    ///
    /// # Errors
    /// [`NoPasskey`].
    pub async fn register(
        &self,
        ledger: &Ledger,
        visit: &Visit,
        registration: &Registration,
    ) -> Result<(), NoPasskey> {
        let party = self.party.as_ref().ok_or(NoPasskey::Nowhere)?;
        self.require_fresh(visit)?;
        let name = registration.name.trim();
        if !(1..=limits::PASSKEY_NAME_BYTES_MAX).contains(&name.len()) {
            return Err(NoPasskey::Name);
        }
        let attested = self.attested(party, visit, registration)?;
        let (id, now) = (attested.credential, self.now());
        let new = row::Passkey {
            person: visit.principal.party.digest(),
            key: attested.key.to_spki().to_vec(),
            rp_id: party.id.clone(),
            origin: party.origin.clone(),
            counter: i64::from(attested.counter),
            created: now,
            used: None,
            sealed: seal::seal(&self.key, &[NAME, &id].concat(), name.as_bytes())?,
            id: id.clone(),
        };
        let detail = json!({
            "credential": passkey::encode(&id),
            "key": passkey::encode(&new.key),
            "algorithm": attested.key.algorithm(),
            "rp_id": new.rp_id,
            "origin": new.origin,
        });
        self.undo(ledger).await?;
        let lane = ledger.lane();
        let added = self
            .db
            .write("add passkey", move |tx| row::insert(tx, &new, limits::PASSKEYS_PER_PERSON_MAX, lane));
        match added.await? {
            Addition::Made => {}
            Addition::Taken => return Err(NoPasskey::Taken),
            Addition::Full => return Err(NoPasskey::Full),
        }
        let event = Event::by(&visit.principal, EventType::PasskeyRegistered, &detail);
        ledger.note(Event { deed: Some(Deed::RegisterPasskey(id)), ..event }).await?;
        Ok(())
    }

    /// Undoes what was begun and is not on record, as far as no leaf of it is on its way any more.
    async fn undo(&self, ledger: &Ledger) -> Result<(), NoPasskey> {
        // What this process began before it asked, and whose caller has its answer: the writer has settled it by then.
        let before = self.now() - micros(2 * limits::LEDGER_WAIT_MS);
        ledger.retry().await?;
        let lane = ledger.lane();
        Ok(self.db.write("undo passkeys", move |tx| row::undo(tx, lane, before)).await?)
    }

    /// Takes a passkey out of use, on record.
    ///
    /// # Errors
    /// [`NoPasskey`].
    pub async fn give_up(
        &self,
        ledger: &Ledger,
        who: &Arc<Principal>,
        credential: &str,
    ) -> Result<(), NoPasskey> {
        let id = passkey::decode(credential, CREDENTIAL_BYTES_MAX).map_err(|_| NoPasskey::Unknown)?;
        self.undo(ledger).await?;
        let (key, person, now, lane) = (id.clone(), who.party.digest(), self.now(), ledger.lane());
        let removed =
            self.db.write("remove passkey", move |tx| row::remove(tx, &person, &key, now, lane)).await?;
        match removed {
            Removal::Begun => {}
            Removal::Busy => return Err(NoPasskey::Busy),
            Removal::Unknown => return Err(NoPasskey::Unknown),
        }
        let detail = json!({ "credential": passkey::encode(&id) });
        let event = Event::by(who, EventType::PasskeyRemoved, &detail);
        ledger.note(Event { deed: Some(Deed::RemovePasskey(id)), ..event }).await?;
        Ok(())
    }

    fn attested(
        &self,
        party: &RelyingParty,
        visit: &Visit,
        brought: &Registration,
    ) -> Result<Attested, NoPasskey> {
        let client_data = passkey::decode(&brought.client_data, CLIENT_DATA_BYTES_MAX)?;
        let challenge = challenge(&client_data).ok_or(NoPasskey::Offer)?;
        let until = seal::open(&self.key, &purpose(visit), &challenge).ok_or(NoPasskey::Offer)?;
        let until = i64::from_be_bytes(until.as_slice().try_into().map_err(|_| NoPasskey::Offer)?);
        if until < self.now() {
            return Err(NoPasskey::Offer);
        }
        passkey::check_client_data(&client_data, Ceremony::Create, &challenge, &party.origin)?;
        let object = passkey::decode(&brought.attestation, limits::PASSKEY_ATTESTATION_BYTES_MAX)?;
        let attested = Attested::read(&object, &party.id)?;
        let named = passkey::decode(&brought.id, CREDENTIAL_BYTES_MAX)?;
        if named == attested.credential { Ok(attested) } else { Err(passkey::Fault::Malformed.into()) }
    }

    /// A cookie that was stolen must not become a passkey: whoever makes one has signed in a moment ago.
    fn require_fresh(&self, visit: &Visit) -> Result<(), NoPasskey> {
        if !visit.principal.is_person() {
            return Err(NoPasskey::NotAPerson);
        }
        let age = self.now() - visit.began;
        if age > micros(limits::PASSKEY_SIGN_IN_AGE_MS) { Err(NoPasskey::Stale) } else { Ok(()) }
    }
}

/// An offer is for one person, in one sign-in.
fn purpose(visit: &Visit) -> Vec<u8> {
    [OFFER, &visit.principal.party.digest(), visit.csrf.as_bytes()].concat()
}

/// The challenge that the browser says it was given; whether it was, is checked by what it holds.
fn challenge(client_data: &[u8]) -> Option<Vec<u8>> {
    #[derive(Deserialize)]
    struct Said {
        challenge: String,
    }
    let said: Said = serde_json::from_slice(client_data).ok()?;
    passkey::decode(&said.challenge, CLIENT_DATA_BYTES_MAX).ok()
}
