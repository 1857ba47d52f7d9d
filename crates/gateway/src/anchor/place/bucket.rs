//! A bucket that speaks S3, with object lock where it has it.
//!
//! The requests are ours because what matters here is what libraries leave out: the headers of object lock on a write, and
//! whether one version of one object can be deleted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::directory::PUBLISHER;
use evidence::merkle::Hash;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use url::Url;

use super::signature::{Credentials, Unsigned, authorize};
use super::{Hold, PlaceError, Strength, Written, retained_until};
use crate::anchor::AnchorError;
use crate::config;
use crate::limits;

/// A bucket.
pub(in crate::anchor) struct Bucket {
    config: config::S3,
    client: reqwest::Client,
    /// Scheme, host and port.
    base: String,
    host: String,
    /// What every path begins with.
    prefix: String,
}

/// One request.
struct Ask<'a> {
    method: &'static str,
    path: &'a str,
    query: Vec<(&'a str, String)>,
    headers: Vec<(&'a str, String)>,
    body: Vec<u8>,
    /// Most bytes of the answer.
    bytes_max: usize,
}

/// What was answered.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Bucket {
    pub(super) fn new(s3: &config::S3, client: reqwest::Client) -> Result<Self, AnchorError> {
        let unfit = || AnchorError::Place(s3.bucket.clone());
        // At an address of one's own the bucket is part of the path; Amazon wants it in the name of the host.
        let (address, bucket) = match &s3.endpoint {
            Some(endpoint) => (endpoint.clone(), format!("/{}", s3.bucket)),
            None => {
                let text = format!("https://{}.s3.{}.amazonaws.com/", s3.bucket, s3.region);
                (text.parse::<Url>().map_err(|_| unfit())?, String::new())
            }
        };
        let host = match (address.host_str(), address.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => return Err(unfit()),
        };
        let prefix = s3.prefix.as_deref().map(|prefix| format!("/{prefix}")).unwrap_or_default();
        Ok(Self {
            config: s3.clone(),
            client,
            base: address.origin().ascii_serialization(),
            host,
            prefix: format!("{bucket}{prefix}/"),
        })
    }

    pub(super) async fn get(
        &self,
        path: &str,
        bytes_max: usize,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, PlaceError> {
        let answer = self.send(Ask { bytes_max, ..Ask::new("GET", path) }, now).await?;
        match answer.status {
            StatusCode::OK => Ok(Some(answer.body)),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(answer.refused("GET", path)),
        }
    }

    pub(super) async fn create(
        &self,
        path: &str,
        bytes: Vec<u8>,
        now: Timestamp,
    ) -> Result<Written, PlaceError> {
        let mut ask = self.put(path, bytes, now);
        ask.headers.push(("if-none-match", "*".to_owned()));
        let answer = self.send(ask, now).await?;
        match answer.status {
            status if status.is_success() => Ok(Written::New),
            StatusCode::PRECONDITION_FAILED => Ok(Written::Exists),
            _ => Err(answer.refused("PUT", path)),
        }
    }

    pub(super) async fn replace(&self, path: &str, bytes: Vec<u8>, now: Timestamp) -> Result<(), PlaceError> {
        let answer = self.send(self.put(path, bytes, now), now).await?;
        if answer.status.is_success() { Ok(()) } else { Err(answer.refused("PUT", path)) }
    }

    /// Writes an object, asks what keeps it, and tries to delete that version of it.
    pub(super) async fn prove(&self, name: &str, now: Timestamp) -> Result<Hold, PlaceError> {
        let path = format!("{PUBLISHER}/{name}");
        let written = self.send(self.put(&path, b"may this be deleted?\n".to_vec(), now), now).await?;
        if !written.status.is_success() {
            return Err(written.refused("PUT", &path));
        }
        let version = written.header("x-amz-version-id").map(|version| ("versionId", encode(version)));
        let query: Vec<_> = version.into_iter().collect();
        let found = self.send(Ask { query: query.clone(), ..Ask::new("HEAD", &path) }, now).await?;
        if !found.status.is_success() {
            return Err(found.refused("HEAD", &path));
        }
        let mode = found.header("x-amz-object-lock-mode").unwrap_or_default().to_owned();
        let until = found.header("x-amz-object-lock-retain-until-date").and_then(|until| until.parse().ok());
        let until: Option<Timestamp> = until.filter(|until| *until > now);
        let deleted = self.send(Ask { query, ..Ask::new("DELETE", &path) }, now).await?;
        let strength = match (deleted.status, until) {
            (status, _) if status.is_success() => Strength::None,
            (StatusCode::FORBIDDEN, Some(_)) if mode == "COMPLIANCE" => Strength::Proven,
            (StatusCode::FORBIDDEN, _) => Strength::Weak,
            _ => return Err(deleted.refused("DELETE", &path)),
        };
        let by = match (strength, until) {
            (Strength::None, _) => "nothing: an object there was deleted again".to_owned(),
            (_, Some(_)) => format!("object lock in mode {mode}; deleting an object was refused"),
            (_, None) => "deleting an object was refused, and no retention was shown".to_owned(),
        };
        Ok(Hold { by, until, strength })
    }

    /// A write, with the retention that is configured; without one the bucket's own holds.
    fn put<'a>(&self, path: &'a str, body: Vec<u8>, now: Timestamp) -> Ask<'a> {
        let digest = STANDARD.encode(Hash::of(&body).as_bytes());
        // Writes under object lock must say what they hold; some servers want the algorithm by its own name as well.
        let mut headers =
            vec![("x-amz-checksum-sha256", digest), ("x-amz-sdk-checksum-algorithm", "SHA256".to_owned())];
        if let Some(days) = self.config.retain_days {
            headers.push(("x-amz-object-lock-mode", "COMPLIANCE".to_owned()));
            let until = retained_until(now, days).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            headers.push(("x-amz-object-lock-retain-until-date", until));
        }
        Ask { headers, body, ..Ask::new("PUT", path) }
    }

    async fn send(&self, ask: Ask<'_>, now: Timestamp) -> Result<Answer, PlaceError> {
        let unreachable = |error: reqwest::Error| PlaceError::Unreachable(error.without_url().to_string());
        let (time, body_hash) = (now.strftime("%Y%m%dT%H%M%SZ").to_string(), Hash::of(&ask.body).to_string());
        let credentials = self.credentials().await?;
        let path = format!("{}{}", self.prefix, ask.path);
        let mut headers = ask.headers;
        headers.extend([
            ("host", self.host.clone()),
            ("x-amz-content-sha256", body_hash.clone()),
            ("x-amz-date", time.clone()),
        ]);
        let token = credentials.session_token.as_ref();
        headers.extend(token.map(|token| ("x-amz-security-token", token.expose_secret().to_owned())));
        headers.sort();
        let unsigned = Unsigned {
            method: ask.method,
            path: &path,
            query: &ask.query,
            headers: &headers,
            body_hash: &body_hash,
        };
        let authorization = authorize(&unsigned, &credentials, &self.config.region, &time);
        let query: Vec<String> = ask.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        let url = format!("{}{path}{mark}{}", self.base, query.join("&"));
        let method = reqwest::Method::from_bytes(ask.method.as_bytes()).unwrap_or_default();
        let mut request = self.client.request(method, url).header("authorization", authorization);
        for (name, value) in headers.iter().filter(|(name, _)| *name != "host") {
            request = request.header(*name, value);
        }
        let mut answer = request.body(ask.body).send().await.map_err(unreachable)?;
        let (status, headers, mut body) = (answer.status(), answer.headers().clone(), Vec::new());
        while let Some(part) = answer.chunk().await.map_err(unreachable)? {
            if body.len() + part.len() > ask.bytes_max {
                return Err(PlaceError::TooLarge(ask.path.to_owned()));
            }
            body.extend_from_slice(&part);
        }
        Ok(Answer { status, headers, body })
    }

    /// Read for each request: what ends is replaced by whoever hands it out.
    async fn credentials(&self) -> Result<Credentials, PlaceError> {
        let s3 = self.config.clone();
        let read = tokio::task::spawn_blocking(move || {
            Ok(Credentials {
                key_id: s3.access_key_id.read()?.expose_secret().to_owned(),
                secret: s3.secret_access_key.read()?,
                session_token: s3
                    .session_token
                    .as_ref()
                    .map(crate::secret::SecretSource::read)
                    .transpose()?,
            })
        });
        read.await.map_err(|_| PlaceError::Unreachable("the process ends".to_owned()))?
    }
}

impl<'a> Ask<'a> {
    fn new(method: &'static str, path: &'a str) -> Self {
        let bytes_max = limits::ANCHOR_ANSWER_BYTES_MAX;
        Self { method, path, query: Vec::new(), headers: Vec::new(), body: Vec::new(), bytes_max }
    }
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn refused(&self, verb: &'static str, path: &str) -> PlaceError {
        // `<Error><Code>NoSuchBucket</Code>...`: the code is one word of a closed set.
        let text = String::from_utf8_lossy(&self.body);
        let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
        let code =
            code.map(|(code, _)| code).filter(|code| code.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        PlaceError::Refused {
            verb,
            path: path.to_owned(),
            status: self.status.as_u16(),
            code: code.unwrap_or("no code").to_owned(),
        }
    }
}

/// A value in a query, as RFC 3986 has it.
fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
