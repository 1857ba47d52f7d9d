//! Signed requests of S3: [AWS Signature Version 4](https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html),
//! in the `Authorization` header, the body as one piece.

use aws_lc_rs::hmac;
use evidence::merkle::Hash;
use secrecy::{ExposeSecret as _, SecretString};

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
    /// Names and encoded values, sorted.
    pub(super) query: &'r [(&'r str, String)],
    /// Lower-case names and values, sorted, `host` and the `x-amz-` ones among them.
    pub(super) headers: &'r [(&'r str, String)],
    /// Hexadecimal SHA-256 of the body.
    pub(super) body_hash: &'r str,
}

/// The value of `Authorization`; `time` looks like `20130524T000000Z`.
pub(super) fn authorize(
    request: &Unsigned<'_>,
    credentials: &Credentials,
    region: &str,
    time: &str,
) -> String {
    let date = time.get(..8).unwrap_or(time);
    let query: Vec<String> = request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let headers: String =
        request.headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let signed: Vec<&str> = request.headers.iter().map(|(name, _)| *name).collect();
    let signed = signed.join(";");
    let canonical = format!(
        "{}\n{}\n{}\n{headers}\n{signed}\n{}",
        request.method,
        request.path,
        query.join("&"),
        request.body_hash
    );
    let scope = format!("{date}/{region}/s3/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", Hash::of(canonical.as_bytes()));
    let mut key = zeroize::Zeroizing::new(format!("AWS4{}", credentials.secret.expose_secret()).into_bytes());
    for part in [date, region, "s3", "aws4_request"] {
        *key = mac(&key, part.as_bytes());
    }
    let signature: String = mac(&key, to_sign.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={signed},Signature={signature}",
        credentials.key_id
    )
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

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
            query: &[],
            headers: &[
                host.clone(),
                ("range", "bytes=0-9".to_owned()),
                ("x-amz-content-sha256", empty.clone()),
                time.clone(),
            ],
            body_hash: &empty,
        };
        let signed = authorize(&get, &credentials(), "us-east-1", "20130524T000000Z");
        assert!(
            signed.ends_with("=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
            "{signed}"
        );
        let list = Unsigned {
            method: "GET",
            path: "/",
            query: &[("max-keys", "2".to_owned()), ("prefix", "J".to_owned())],
            headers: &[host, ("x-amz-content-sha256", empty.clone()), time],
            body_hash: &empty,
        };
        let signed = authorize(&list, &credentials(), "us-east-1", "20130524T000000Z");
        assert!(
            signed.ends_with("=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
            "{signed}"
        );
    }
}
