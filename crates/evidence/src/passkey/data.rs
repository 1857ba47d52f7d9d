//! What browser and authenticator say of a signature: WebAuthn, sections 5.8.1 (client data) and 6.1 (authenticator data).

use serde::Deserialize;
use serde::de::IgnoredAny;
use sha2::{Digest as _, Sha256};

use super::{Fault, encode};

/// Hash of the domain, flags, counter.
const HEAD_BYTES: usize = 37;
const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENDED: u8 = 1 << 7;

/// What a passkey was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ceremony {
    /// It was made.
    Create,
    /// It signed.
    Get,
}

impl Ceremony {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "webauthn.create",
            Self::Get => "webauthn.get",
        }
    }
}

/// As browsers write it; they may add members.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    ceremony: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: Option<bool>,
    #[serde(rename = "topOrigin", default)]
    top_origin: Option<IgnoredAny>,
}

/// Checks that the browser was asked for this, with this challenge, by a page of this origin that is in no frame of another.
///
/// # Errors
/// [`Fault`].
pub fn check_client_data(
    json: &[u8],
    ceremony: Ceremony,
    challenge: &[u8],
    origin: &str,
) -> Result<(), Fault> {
    let said: ClientData = serde_json::from_slice(json).map_err(|_| Fault::ClientData)?;
    if said.ceremony != ceremony.as_str() {
        return Err(Fault::Ceremony);
    }
    if said.challenge != encode(challenge) {
        return Err(Fault::Challenge);
    }
    if said.origin != origin {
        return Err(Fault::Origin);
    }
    if said.cross_origin == Some(true) || said.top_origin.is_some() {
        return Err(Fault::CrossOrigin);
    }
    Ok(())
}

/// What an authenticator says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthenticatorData {
    /// How often it has signed; 0 when it does not count.
    pub counter: u32,
    /// Whether a new credential follows the head.
    pub attested: bool,
}

impl AuthenticatorData {
    /// Reads the head, and requires that the passkey is for `rp_id` and that somebody was present and verified.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn read(bytes: &[u8], rp_id: &str) -> Result<Self, Fault> {
        let (domain, rest) = bytes.split_first_chunk::<32>().ok_or(Fault::AuthenticatorData)?;
        let (flags, rest) = rest.split_first().ok_or(Fault::AuthenticatorData)?;
        let (counter, more) = rest.split_first_chunk::<4>().ok_or(Fault::AuthenticatorData)?;
        let has = |flag: u8| flags & flag != 0;
        let impossible = has(BACKED_UP) && !has(BACKUP_ELIGIBLE);
        if impossible || more.is_empty() == (has(ATTESTED) || has(EXTENDED)) {
            return Err(Fault::AuthenticatorData);
        }
        if *domain != <[u8; 32]>::from(Sha256::digest(rp_id)) {
            return Err(Fault::RelyingParty);
        }
        if !has(PRESENT) {
            return Err(Fault::Presence);
        }
        if !has(VERIFIED) {
            return Err(Fault::Verification);
        }
        Ok(Self { counter: u32::from_be_bytes(*counter), attested: has(ATTESTED) })
    }

    /// What follows the head.
    pub fn rest(bytes: &[u8]) -> &[u8] {
        bytes.get(HEAD_BYTES..).unwrap_or_default()
    }
}
