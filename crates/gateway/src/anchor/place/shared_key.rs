//! Signed requests of Azure:
//! [Shared Key](https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key).

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::PlaceError;
use super::server::Ask;

/// The value of `Authorization`. Headers are sorted; `path` is the whole one, as it is sent.
pub(super) fn authorize(
    ask: &Ask<'_>,
    path: &str,
    account: &str,
    key: &SecretString,
) -> Result<String, PlaceError> {
    let key = STANDARD.decode(key.expose_secret()).map_err(|_| PlaceError::Key)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &Zeroizing::new(key));
    let signature = STANDARD.encode(hmac::sign(&key, to_sign(ask, path, account).as_bytes()));
    Ok(format!("SharedKey {account}:{signature}"))
}

fn to_sign(ask: &Ask<'_>, path: &str, account: &str) -> String {
    let standard = |wanted: &str| {
        let found = ask.headers.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| &**value).unwrap_or_default()
    };
    let length = if ask.body.is_empty() { String::new() } else { ask.body.len().to_string() };
    // Encoding, language, length, MD5, type, date (it is in `x-ms-date`), the four conditions, range.
    let conditions =
        ["if-modified-since", "if-match", "if-none-match", "if-unmodified-since"].map(standard).join("\n");
    let mut text =
        format!("{}\n\n\n{length}\n\n{}\n\n{conditions}\n\n", ask.method, standard("content-type"));
    let ours = ask.headers.iter().filter(|(name, _)| name.starts_with("x-ms-"));
    text.extend(ours.map(|(name, value)| format!("{name}:{}\n", value.trim())));
    text.push_str(&format!("/{account}{path}"));
    text.extend(ask.query.iter().map(|(name, value)| format!("\n{name}:{value}")));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key that every emulator has.
    const KEY: &str =
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    fn ours() -> Vec<(&'static str, String)> {
        let date = "Mon, 02 Nov 2026 10:00:00 GMT";
        vec![("x-ms-date", date.to_owned()), ("x-ms-version", "2021-12-02".to_owned())]
    }

    /// Computed by `azure-storage-blob` 12.31.1, the library of Microsoft for Python.
    #[test]
    fn signatures_are_those_that_the_library_of_the_service_makes() {
        let mut put =
            Ask { body: b"12345".to_vec(), headers: ours(), ..Ask::new("PUT", "epoch-1/checkpoint") };
        put.headers.extend([
            ("content-type", "application/octet-stream".to_owned()),
            ("if-none-match", "*".to_owned()),
            ("x-ms-blob-type", "BlockBlob".to_owned()),
            ("x-ms-immutability-policy-mode", "locked".to_owned()),
            ("x-ms-immutability-policy-until-date", "Tue, 02 Nov 2027 10:00:00 GMT".to_owned()),
        ]);
        put.headers.sort();
        let signed = authorize(&put, "/audit/log/epoch-1/checkpoint", "example", &KEY.into());
        assert_eq!(
            signed.ok().as_deref(),
            Some("SharedKey example:7xwBYIAl0n9kRMWSOsAx+3WYM4CFTV/sUcwdBNoX5SE=")
        );
        let query = vec![("versionid", "2026-11-02T10:00:00.0000000Z".to_owned())];
        let delete = Ask { query, headers: ours(), ..Ask::new("DELETE", "a") };
        let signed = authorize(&delete, "/example/audit/a", "example", &KEY.into());
        assert_eq!(
            signed.ok().as_deref(),
            Some("SharedKey example:o4cbqu0/4OTHbyv8XjBNoRV22sIq0kHn15OSMqRAPVs=")
        );
    }

    #[test]
    fn a_key_that_is_no_base64_is_refused_and_not_shown() {
        let refused = authorize(&Ask::new("GET", "a"), "/a", "example", &"not base64!".into());
        let text = refused.expect_err("it is no key").to_string();
        assert!(text.contains("not base64;") && !text.contains("not base64!"), "{text}");
    }
}
