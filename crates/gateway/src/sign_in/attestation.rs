//! What an authenticator says of a key that it has made: WebAuthn, sections 6.5.1 (attested credential data) and 6.5.4 (attestation
//! object); keys as COSE has them (RFC 9052, RFC 9053, RFC 8230).

use evidence::passkey::{AuthenticatorData, CREDENTIAL_BYTES_MAX, Fault, PublicKey};

use super::cbor::Item;

/// Identifier of the model of the authenticator, before the length of the credential's.
const AAGUID_BYTES: usize = 16;

const KTY: Item<'_> = Item::Integer(1);
const ALG: Item<'_> = Item::Integer(3);
const CRV: Item<'_> = Item::Integer(-1);
const X: Item<'_> = Item::Integer(-2);
const Y: Item<'_> = Item::Integer(-3);
const RSA_N: Item<'_> = Item::Integer(-1);
const RSA_E: Item<'_> = Item::Integer(-2);

/// A new credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attested {
    pub(super) credential: Vec<u8>,
    pub(super) key: PublicKey,
    pub(super) counter: u32,
}

impl Attested {
    /// Reads an attestation object for the domain `rp_id`. Its statement counts for nothing: none was asked for.
    pub(super) fn read(object: &[u8], rp_id: &str) -> Result<Self, Fault> {
        let (object, rest) = Item::read(object).ok_or(Fault::AuthenticatorData)?;
        if !rest.is_empty() {
            return Err(Fault::AuthenticatorData);
        }
        let data = object.member(&Item::Text("authData")).and_then(Item::bytes);
        let data = data.ok_or(Fault::AuthenticatorData)?;
        let said = AuthenticatorData::read(data, rp_id)?;
        if !said.attested {
            return Err(Fault::AuthenticatorData);
        }
        let (credential, key) = credential(AuthenticatorData::rest(data)).ok_or(Fault::AuthenticatorData)?;
        let key = public_key(&key).ok_or(Fault::Key)?;
        Ok(Self { credential: credential.to_vec(), key, counter: said.counter })
    }
}

/// Identifier and key; extensions may follow.
fn credential(bytes: &[u8]) -> Option<(&[u8], Item<'_>)> {
    let (_, rest) = bytes.split_at_checked(AAGUID_BYTES)?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (id, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    if id.is_empty() || id.len() > CREDENTIAL_BYTES_MAX {
        return None;
    }
    let (key, _) = Item::read(rest)?;
    Some((id, key))
}

/// A COSE key of one of the algorithms that were offered.
fn public_key(key: &Item<'_>) -> Option<PublicKey> {
    let integer = |name| if let Item::Integer(value) = key.member(&name)? { Some(*value) } else { None };
    let bytes = |name| key.member(&name).and_then(Item::bytes);
    match (integer(KTY)?, integer(ALG)?) {
        (2, -7) if integer(CRV)? == 1 => {
            PublicKey::es256(bytes(X)?.try_into().ok()?, bytes(Y)?.try_into().ok()?)
        }
        (1, -8) if integer(CRV)? == 6 => PublicKey::eddsa(bytes(X)?.try_into().ok()?),
        (3, -257) if bytes(RSA_E)? == [1, 0, 1] => PublicKey::rs256(bytes(RSA_N)?),
        _ => None,
    }
}
