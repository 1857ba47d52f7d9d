//! A bucket that speaks S3, or what Google made of it, with object lock where it has it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::directory::PUBLISHER;
use evidence::merkle::Hash;
use http::StatusCode;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use url::Url;

use super::server::{Answer, Ask, Proof, Server, read_secrets};
use super::signature::{Credentials, Unsigned, authorize};
use super::words::{GOOGLE, S3, Words, Writes};
use super::{Hold, PlaceError, Strength, Written, retained_until};
use crate::anchor::AnchorError;
use crate::config;
use crate::secret::SecretSource;

/// A bucket.
pub(in crate::anchor) struct Bucket {
    server: Server,
    words: &'static Words,
    region: String,
    key: Key,
    retain_days: Option<u32>,
}

/// Where the credentials are.
#[derive(Clone)]
struct Key {
    id: SecretSource,
    secret: SecretSource,
    session_token: Option<SecretSource>,
}

impl Bucket {
    /// One that speaks S3.
    pub(super) fn s3(s3: &config::S3, client: reqwest::Client) -> Result<Self, AnchorError> {
        let unfit = || AnchorError::Place(s3.bucket.clone());
        // At an address of one's own the bucket is part of the path; Amazon wants it in the name of the host.
        let (address, parts) = match &s3.endpoint {
            Some(endpoint) => (endpoint.clone(), vec![&*s3.bucket]),
            None => {
                let text = format!("https://{}.s3.{}.amazonaws.com/", s3.bucket, s3.region);
                (text.parse::<Url>().map_err(|_| unfit())?, Vec::new())
            }
        };
        Ok(Self {
            server: Server::new(client, &address, &parts, s3.prefix.as_deref()).ok_or_else(unfit)?,
            words: &S3,
            region: s3.region.clone(),
            key: Key {
                id: s3.access_key_id.clone(),
                secret: s3.secret_access_key.clone(),
                session_token: s3.session_token.clone(),
            },
            retain_days: s3.retain_days,
        })
    }

    /// One of Google Cloud Storage.
    pub(super) fn gcs(gcs: &config::Gcs, client: reqwest::Client) -> Result<Self, AnchorError> {
        let unfit = || AnchorError::Place(gcs.bucket.clone());
        let address = match &gcs.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => "https://storage.googleapis.com/".parse().map_err(|_| unfit())?,
        };
        let server = Server::new(client, &address, &[&gcs.bucket], gcs.prefix.as_deref());
        Ok(Self {
            server: server.ok_or_else(unfit)?,
            words: &GOOGLE,
            // Signatures name the place of the bucket or this word.
            region: "auto".to_owned(),
            key: Key {
                id: gcs.access_key_id.clone(),
                secret: gcs.secret_access_key.clone(),
                session_token: None,
            },
            retain_days: gcs.retain_days,
        })
    }

    pub(super) async fn get(
        &self,
        path: &str,
        bytes_max: usize,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, PlaceError> {
        self.send(Ask { bytes_max, ..Ask::new("GET", path) }, now).await?.content(path)
    }

    pub(super) async fn create(
        &self,
        path: &str,
        bytes: Vec<u8>,
        now: Timestamp,
    ) -> Result<Written, PlaceError> {
        let mut ask = self.locked(self.put(path, bytes), now);
        let (name, value) = self.words.create;
        ask.headers.push((name, value.to_owned()));
        let answer = self.send(ask, now).await?;
        match answer.status {
            status if status.is_success() => Ok(Written::New),
            StatusCode::PRECONDITION_FAILED => Ok(Written::Exists),
            _ => Err(answer.refused("PUT", path)),
        }
    }

    pub(super) async fn replace(&self, path: &str, bytes: Vec<u8>, now: Timestamp) -> Result<(), PlaceError> {
        let ask = self.put(path, bytes);
        let ask = if self.words.writes == Writes::Versions { self.locked(ask, now) } else { ask };
        self.send(ask, now).await?.done("PUT", path).map(drop)
    }

    /// Writes an object, asks what keeps it, and tries to delete that version of it.
    pub(super) async fn prove(&self, name: &str, now: Timestamp) -> Result<Hold, PlaceError> {
        let path = format!("{PUBLISHER}/{name}");
        let ask = self.locked(self.put(&path, b"may this be deleted?\n".to_vec()), now);
        let written = self.send(ask, now).await?.done("PUT", &path)?;
        let (header, parameter) = self.words.version;
        let version = written.header(header).map(|version| (parameter, version.to_owned()));
        let query: Vec<_> = version.into_iter().collect();
        let found = self
            .send(Ask { query: query.clone(), ..Ask::new("HEAD", &path) }, now)
            .await?
            .done("HEAD", &path)?;
        let mode = found.header(self.words.lock_mode).unwrap_or_default().to_owned();
        let until = found.header(self.words.lock_until).and_then(|until| until.parse().ok());
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

    fn put<'a>(&self, path: &'a str, body: Vec<u8>) -> Ask<'a> {
        let mut headers = Vec::new();
        if self.words.writes == Writes::Versions {
            headers.push(("x-amz-checksum-sha256", STANDARD.encode(Hash::of(&body).as_bytes())));
            // Some servers want the algorithm by its own name as well.
            headers.push(("x-amz-sdk-checksum-algorithm", "SHA256".to_owned()));
        }
        Ask { headers, body, ..Ask::new("PUT", path) }
    }

    /// With the retention that is configured; without one the bucket's own holds.
    fn locked<'a>(&self, mut ask: Ask<'a>, now: Timestamp) -> Ask<'a> {
        if let Some(days) = self.retain_days {
            ask.headers.push((self.words.lock_mode, "COMPLIANCE".to_owned()));
            let until = retained_until(now, days).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            ask.headers.push((self.words.lock_until, until));
        }
        ask
    }

    async fn send(&self, mut ask: Ask<'_>, now: Timestamp) -> Result<Answer, PlaceError> {
        let (time, body_hash) = (now.strftime("%Y%m%dT%H%M%SZ").to_string(), Hash::of(&ask.body).to_string());
        let credentials = self.credentials().await?;
        ask.headers.extend([
            ("host", self.server.host.clone()),
            (self.words.body_hash, body_hash.clone()),
            (self.words.date, time.clone()),
        ]);
        let token = credentials.session_token.as_ref();
        ask.headers.extend(token.map(|token| ("x-amz-security-token", token.expose_secret().to_owned())));
        ask.headers.sort();
        let unsigned = Unsigned {
            method: ask.method,
            path: &self.server.path(ask.path),
            query: &ask.encoded(),
            headers: &ask.headers,
            body_hash: &body_hash,
        };
        let authorization = authorize(&unsigned, self.words, &credentials, &self.region, &time);
        self.server.send(ask, Proof::Header(authorization)).await
    }

    /// Read for each request: what ends is replaced by whoever hands it out.
    async fn credentials(&self) -> Result<Credentials, PlaceError> {
        let key = self.key.clone();
        read_secrets(move || {
            Ok(Credentials {
                key_id: key.id.read()?.expose_secret().to_owned(),
                secret: key.secret.read()?,
                session_token: key.session_token.as_ref().map(SecretSource::read).transpose()?,
            })
        })
        .await
    }
}
