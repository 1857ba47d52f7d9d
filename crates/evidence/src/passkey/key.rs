//! Public keys of passkeys: P-256 with SHA-256 (`ES256`), Ed25519 (`EdDSA`), RSA with SHA-256 (`RS256`); RFC 9053, RFC 8812.
//!
//! As text they are a `SubjectPublicKeyInfo` in DER (RFC 5480, RFC 8410, RFC 8017), which every other program reads too.

use p256::ecdsa::signature::Verifier as _;

use super::rsa::Rsa;

/// The most bytes of a key: RSA with 4096 bits.
pub(super) const SPKI_BYTES_MAX: usize = 600;

const ED25519_SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// Up to the coordinates, with the mark of an uncompressed point.
const P256_SPKI: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];
const RSA_ALGORITHM: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    spki: Vec<u8>,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Es256(Box<p256::ecdsa::VerifyingKey>),
    EdDsa(Box<ed25519_dalek::VerifyingKey>),
    Rs256(Rsa),
}

impl PublicKey {
    /// A point of P-256, by its coordinates.
    pub fn es256(x: &[u8; 32], y: &[u8; 32]) -> Option<Self> {
        let spki = [&P256_SPKI[..], x, y].concat();
        // From the mark of an uncompressed point on.
        let point = spki.get(P256_SPKI.len() - 1..)?;
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
        Some(Self { kind: Kind::Es256(Box::new(key)), spki })
    }

    /// A point of Ed25519.
    pub fn eddsa(point: &[u8; 32]) -> Option<Self> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(point).ok().filter(|key| !key.is_weak())?;
        Some(Self { kind: Kind::EdDsa(Box::new(key)), spki: [&ED25519_SPKI[..], point].concat() })
    }

    /// An RSA key, by its modulus, big-endian without leading zeros, 2048 to 4096 bits. The exponent is 65537.
    pub fn rs256(modulus: &[u8]) -> Option<Self> {
        let key = Rsa::new(modulus)?;
        // An integer of DER is signed.
        let modulus = tagged(INTEGER, &[&[0][..modulus_sign(modulus)], modulus].concat());
        let both = [modulus, tagged(INTEGER, &[1, 0, 1])].concat();
        let bits = [&[0][..], &tagged(SEQUENCE, &both)].concat();
        let spki = tagged(SEQUENCE, &[&RSA_ALGORITHM[..], &tagged(BIT_STRING, &bits)].concat());
        Some(Self { kind: Kind::Rs256(key), spki })
    }

    /// Reads what [`Self::to_spki`] wrote, and nothing else.
    pub fn from_spki(der: &[u8]) -> Option<Self> {
        let key = if let Some(point) = der.strip_prefix(&ED25519_SPKI) {
            Self::eddsa(point.try_into().ok()?)
        } else if let Some(point) = der.strip_prefix(&P256_SPKI) {
            let (x, y) = point.split_first_chunk::<32>()?;
            Self::es256(x, y.try_into().ok()?)
        } else {
            let (content, _) = untagged(SEQUENCE, der)?;
            let (bits, _) = untagged(BIT_STRING, content.strip_prefix(&RSA_ALGORITHM)?)?;
            let (both, _) = untagged(SEQUENCE, bits.strip_prefix(&[0])?)?;
            let (modulus, _) = untagged(INTEGER, both)?;
            Self::rs256(modulus.strip_prefix(&[0]).unwrap_or(modulus))
        };
        // One key has one spelling.
        key.filter(|key| key.spki == der)
    }

    /// The key as `SubjectPublicKeyInfo` in DER.
    pub fn to_spki(&self) -> &[u8] {
        &self.spki
    }

    /// Its name among the algorithms of COSE.
    pub fn algorithm(&self) -> &'static str {
        match self.kind {
            Kind::Es256(_) => "ES256",
            Kind::EdDsa(_) => "EdDSA",
            Kind::Rs256(_) => "RS256",
        }
    }

    /// Whether `signature` over `message` is of this key. Of ECDSA it is in DER (WebAuthn, section 6.5.5).
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.kind {
            Kind::Es256(key) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Kind::EdDsa(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Kind::Rs256(key) => key.verifies(message, signature),
        }
    }
}

/// 1 when a zero must stand before the modulus, so that it is not negative.
fn modulus_sign(modulus: &[u8]) -> usize {
    usize::from(modulus.first().is_some_and(|first| first & 0x80 != 0))
}

/// Tag, length and content, of less than 64 KiB (X.690).
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let bytes = content.len().to_be_bytes();
    let [.., high, low] = bytes;
    let length: &[u8] = match content.len() {
        0..=0x7f => &[low],
        0x80..=0xff => &[0x81, low],
        _ => &[0x82, high, low],
    };
    [&[tag], length, content].concat()
}

/// The content after a tag, and what follows it.
fn untagged(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match der.strip_prefix(&[tag])? {
        [0x82, high, low, rest @ ..] => (usize::from(*high) << 8 | usize::from(*low), rest),
        [0x81, low, rest @ ..] => (usize::from(*low), rest),
        [low @ 0..=0x7f, rest @ ..] => (usize::from(*low), rest),
        _ => return None,
    };
    rest.split_at_checked(length)
}
