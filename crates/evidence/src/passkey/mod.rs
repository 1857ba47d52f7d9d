//! A passkey's signature over an approval: [WebAuthn](https://www.w3.org/TR/webauthn-3/), section 7.2, as far as it can be
//! checked again by whoever has the record.
//!
//! The challenge is the hash that the approval is bound to, so the signature covers exactly the call that was shown, and the
//! bytes that were signed stand in the leaf about the approval.

mod data;
mod key;
mod rsa;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use data::{AuthenticatorData, Ceremony, check_client_data};
pub use key::PublicKey;

/// The most bytes of an identifier of a credential (WebAuthn, section 4).
pub const CREDENTIAL_BYTES_MAX: usize = 1023;
/// The most bytes of the JSON that the browser makes.
pub const CLIENT_DATA_BYTES_MAX: usize = 2048;
/// The most bytes that an authenticator says of itself when it signs.
pub const AUTHENTICATOR_BYTES_MAX: usize = 512;
/// The most bytes of a signature: RSA with 4096 bits.
pub const SIGNATURE_BYTES_MAX: usize = 512;

/// Whom a passkey is for: a website.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    /// The domain that the passkey belongs to.
    pub id: String,
    /// The origin of the pages that may use it, as browsers write it.
    pub origin: String,
}

/// What was signed, with what, and by which key, as it stands in a leaf. All but the last two is base64url without padding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    /// Identifier of the passkey.
    pub credential: String,
    /// Its public key: a `SubjectPublicKeyInfo` (RFC 5280) in DER.
    pub key: String,
    /// What the authenticator says of the signature.
    pub authenticator_data: String,
    /// What the browser says of it: the challenge, and where it was asked for.
    pub client_data: String,
    /// The signature over both.
    pub signature: String,
    /// The domain it was demanded for.
    pub rp_id: String,
    /// The origin it was demanded for.
    pub origin: String,
}

/// Why a signature of a passkey does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A member is not base64url, or larger than it may be.
    #[error("is malformed")]
    Malformed,
    /// What the browser says cannot be read.
    #[error("has client data that cannot be read")]
    ClientData,
    /// It was made for something else than this.
    #[error("was made for another ceremony")]
    Ceremony,
    /// It signs something else.
    #[error("signs another challenge than what was approved")]
    Challenge,
    /// It was made on a page of somebody else.
    #[error("was made on a page of another origin")]
    Origin,
    /// It was made in a frame of somebody else's page.
    #[error("was made inside a page of another origin")]
    CrossOrigin,
    /// What the authenticator says cannot be read.
    #[error("has authenticator data that cannot be read")]
    AuthenticatorData,
    /// The passkey is for another website.
    #[error("belongs to another website")]
    RelyingParty,
    /// Nobody touched the authenticator.
    #[error("was made without anybody present")]
    Presence,
    /// The authenticator did not ask who it is.
    #[error("was made without verifying who was present")]
    Verification,
    /// The key is of a kind that is not known here.
    #[error("has a key of a kind that is not accepted")]
    Key,
    /// The signature is not the key's.
    #[error("does not verify")]
    Signature,
}

impl Assertion {
    /// Checks that the key signed `challenge`, on a page of the origin and for the domain that are named, by somebody who was
    /// present and verified; answers what the authenticator says.
    ///
    /// # Errors
    /// [`Fault`]. Whose key it is, the caller must know.
    pub fn check(&self, challenge: &[u8]) -> Result<AuthenticatorData, Fault> {
        decode(&self.credential, CREDENTIAL_BYTES_MAX)?;
        let client_data = decode(&self.client_data, CLIENT_DATA_BYTES_MAX)?;
        let authenticator_data = decode(&self.authenticator_data, AUTHENTICATOR_BYTES_MAX)?;
        let signature = decode(&self.signature, SIGNATURE_BYTES_MAX)?;
        check_client_data(&client_data, Ceremony::Get, challenge, &self.origin)?;
        let said = AuthenticatorData::read(&authenticator_data, &self.rp_id)?;
        let key = PublicKey::from_spki(&decode(&self.key, key::SPKI_BYTES_MAX)?).ok_or(Fault::Key)?;
        let signed = [authenticator_data.as_slice(), &Sha256::digest(&client_data)].concat();
        if key.verifies(&signed, &signature) { Ok(said) } else { Err(Fault::Signature) }
    }
}

/// Base64url without padding (RFC 4648, section 5), in its one spelling.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What [`encode`] wrote, at least one and at most `bytes_max` bytes.
///
/// # Errors
/// [`Fault::Malformed`].
pub fn decode(text: &str, bytes_max: usize) -> Result<Vec<u8>, Fault> {
    if text.is_empty() || text.len() > bytes_max.div_ceil(3) * 4 {
        return Err(Fault::Malformed);
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Fault::Malformed)?;
    if bytes.len() > bytes_max { Err(Fault::Malformed) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests;
