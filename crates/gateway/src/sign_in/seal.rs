//! What only gateways of this log can read or make: the contents of cookies and of rows about people.

use aws_lc_rs::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use aws_lc_rs::rand;
use zeroize::Zeroizing;

/// The system gave no random bytes, or encryption failed: nothing can be signed in to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no random bytes")]
pub struct NoRandomness;

/// `nonce || AES-256-GCM(content)`, bound to what it is for.
pub(super) fn seal(key: &LessSafeKey, purpose: &[u8], content: &[u8]) -> Result<Vec<u8>, NoRandomness> {
    let bytes: [u8; NONCE_LEN] = random()?;
    let nonce = Nonce::assume_unique_for_key(bytes);
    let mut sealed = content.to_vec();
    key.seal_in_place_append_tag(nonce, Aad::from(purpose), &mut sealed).map_err(|_| NoRandomness)?;
    Ok([&bytes[..], &sealed].concat())
}

/// What was sealed for this purpose; `None` when it was not, or not by us.
pub(super) fn open(key: &LessSafeKey, purpose: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut content = Zeroizing::new(sealed.to_vec());
    let plain = key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(purpose), &mut content);
    let bytes = plain.ok()?.len();
    content.truncate(bytes);
    Some(content)
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}
