//! Signed requests of S3 and of Google: [AWS Signature Version 4](https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html)
//! or the same in other [words](super::words), in the `Authorization` header, the body as one piece.

use aws_lc_rs::hmac;
use evidence::merkle::Hash;
use secrecy::{ExposeSecret as _, SecretString};

use super::words::Words;

/// What requests are signed with.
pub(super) struct Credentials {
    pub(super) key_id: String,
    pub(super) secret: SecretString,
    /// Of credentials that end.
    pub(super) session_token: Option<SecretString>,
}

/// A request before it is signed.
pub(super) struct Unsigned<'r> {
    pub(super) method: &'static str,
    /// Encoded as it is sent.
    pub(super) path: &'r str,
    /// Encoded as it is sent, its names sorted.
    pub(super) query: &'r str,
    /// Lower-case names and values, sorted, `host` and those of the dialect among them.
    pub(super) headers: &'r [(&'r str, String)],
    /// Hexadecimal SHA-256 of the body.
    pub(super) body_hash: &'r str,
}

/// The value of `Authorization`; `time` looks like `20130524T000000Z`.
pub(super) fn authorize(
    request: &Unsigned<'_>,
    words: &Words,
    credentials: &Credentials,
    region: &str,
    time: &str,
) -> String {
    let date = time.get(..8).unwrap_or(time);
    let headers: String =
        request.headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let signed: Vec<&str> = request.headers.iter().map(|(name, _)| *name).collect();
    let signed = signed.join(";");
    let canonical = format!(
        "{}\n{}\n{}\n{headers}\n{signed}\n{}",
        request.method, request.path, request.query, request.body_hash
    );
    let scope = format!("{date}/{region}/{}/{}", words.service, words.request);
    let to_sign = format!("{}\n{time}\n{scope}\n{}", words.algorithm, Hash::of(canonical.as_bytes()));
    let secret = credentials.secret.expose_secret();
    let mut key = zeroize::Zeroizing::new(format!("{}{secret}", words.before_secret).into_bytes());
    for part in [date, region, words.service, words.request] {
        *key = mac(&key, part.as_bytes());
    }
    let signature: String = mac(&key, to_sign.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "{} Credential={}/{scope},SignedHeaders={signed},Signature={signature}",
        words.algorithm, credentials.key_id
    )
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchor::place::words::{GOOGLE, S3};

    fn credentials() -> Credentials {
        Credentials {
            key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: SecretString::from("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            session_token: None,
        }
    }

    /// The examples of the specification.
    #[test]
    fn signatures_are_those_of_the_specification() {
        let empty = Hash::of(b"").to_string();
        let host = ("host", "examplebucket.s3.amazonaws.com".to_owned());
        let time = ("x-amz-date", "20130524T000000Z".to_owned());
        let get = Unsigned {
            method: "GET",
            path: "/test.txt",
            query: "",
            headers: &[
                host.clone(),
                ("range", "bytes=0-9".to_owned()),
                ("x-amz-content-sha256", empty.clone()),
                time.clone(),
            ],
            body_hash: &empty,
        };
        let signed = authorize(&get, &S3, &credentials(), "us-east-1", "20130524T000000Z");
        assert!(
            signed.ends_with("=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
            "{signed}"
        );
        let list = Unsigned {
            method: "GET",
            path: "/",
            query: "max-keys=2&prefix=J",
            headers: &[host, ("x-amz-content-sha256", empty.clone()), time],
            body_hash: &empty,
        };
        let signed = authorize(&list, &S3, &credentials(), "us-east-1", "20130524T000000Z");
        assert!(
            signed.ends_with("=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
            "{signed}"
        );
    }

    /// Google publishes no example with a key of this kind: computed by the signer of botocore, the library of Amazon,
    /// with Google's words put in.
    #[test]
    fn signatures_in_the_words_of_google_are_those_that_another_program_makes() {
        let body_hash = Hash::of(b"12345").to_string();
        let put = Unsigned {
            method: "PUT",
            path: "/bucket/log/a",
            query: "generation=17",
            headers: &[
                ("host", "storage.googleapis.com".to_owned()),
                ("x-goog-content-sha256", body_hash.clone()),
                ("x-goog-date", "20261102T100000Z".to_owned()),
                ("x-goog-if-generation-match", "0".to_owned()),
            ],
            body_hash: &body_hash,
        };
        let signed = authorize(&put, &GOOGLE, &credentials(), "auto", "20261102T100000Z");
        let expected = "GOOG4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261102/auto/storage/goog4_request,\
                        SignedHeaders=host;x-goog-content-sha256;x-goog-date;x-goog-if-generation-match,\
                        Signature=e4f7a736ccb1ab183132f1a5ac462f98da16c87a732e4f663e9f916502b03d4a";
        assert_eq!(signed, expected);
    }
}
