//! Opaque state of an upstream that travels through the caller (`requestState`, SEP-2322): nobody can look into it, and
//! nobody may change it. What is recorded of it is its hash.

use bytes::Bytes;
use inspect::value::Value;
use sha2::{Digest as _, Sha256};

use crate::limits;
use crate::mcp::splice::Splice;

/// Where it stands.
const POINTERS: [&str; 2] = ["/params/requestState", "/result/requestState"];

/// The message with the hash of the state in its place; the same bytes when it carries none.
pub(super) fn hashed(message: &Bytes) -> Bytes {
    // Most messages carry none, and the word is cheaper to look for than the value.
    if memchr::memmem::find(message, b"requestState").is_none() {
        return message.clone();
    }
    let root = str::from_utf8(message).ok().and_then(|text| Value::parse(text, limits::JSON_DEPTH_MAX).ok());
    let Some(root) = root else { return message.clone() };
    let mut splice = Splice::default();
    for value in POINTERS.iter().filter_map(|pointer| root.at(pointer)) {
        splice.replace(value.span(), hash(value.raw().as_bytes()));
    }
    splice.apply(message).unwrap_or_else(|_| message.clone())
}

/// The hash of a text as a JSON string.
pub(super) fn hash(text: &[u8]) -> String {
    format!("\"sha256:{}\"", evidence::merkle::Hash::from_bytes(Sha256::digest(text).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_is_recorded_by_its_hash_and_nothing_else_changes() {
        let told = |message: &'static str| {
            String::from_utf8(hashed(&Bytes::from_static(message.as_bytes())).to_vec()).expect("UTF-8")
        };
        let plain = r#"{"params":{"arguments":{"requestState":"mine"}}}"#;
        assert_eq!(told(plain), plain);
        let told = told(r#"{"result":{"requestState":"top secret", "a": 1.0}}"#);
        assert!(told.starts_with(r#"{"result":{"requestState":"sha256:"#), "{told}");
        assert!(told.ends_with(r#"", "a": 1.0}}"#) && !told.contains("secret"), "{told}");
    }
}
