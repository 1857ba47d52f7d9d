//! A container of Azure Blob Storage, with immutability policies of versions where it has them.

use evidence::directory::PUBLISHER;
use http::StatusCode;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use secrecy::SecretString;
use url::Url;

use super::server::{Answer, Ask, Proof, Server, read_secrets};
use super::{Hold, PlaceError, Strength, Written, retained_until, shared_key};
use crate::anchor::AnchorError;
use crate::config::{self, AzureAccess};

/// The [version](https://learn.microsoft.com/rest/api/storageservices/versioning-for-the-azure-storage-services) of all
/// requests.
const VERSION: &str = "2021-12-02";
/// As Azure writes times.
const TIME: &str = "%a, %d %b %Y %H:%M:%S GMT";
const LOCK_MODE: &str = "x-ms-immutability-policy-mode";
const LOCK_UNTIL: &str = "x-ms-immutability-policy-until-date";
const IMMUTABLE: &str = "BlobImmutableDueToPolicy";

/// A container.
pub(in crate::anchor) struct Container {
    server: Server,
    account: String,
    access: AzureAccess,
    retain_days: Option<u32>,
}

impl Container {
    pub(super) fn new(azure: &config::Azure, client: reqwest::Client) -> Result<Self, AnchorError> {
        let unfit = || AnchorError::Place(azure.container.clone());
        let address = match &azure.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => {
                let text = format!("https://{}.blob.core.windows.net/", azure.account);
                text.parse::<Url>().map_err(|_| unfit())?
            }
        };
        // Azure has the account in the name of the host, servers that answer as it does have it in the path.
        let named = address.host_str().and_then(|host| host.split_once('.'));
        let parts = match named {
            Some((first, _)) if first == azure.account => vec![&*azure.container],
            _ => vec![&*azure.account, &*azure.container],
        };
        Ok(Self {
            server: Server::new(client, &address, &parts, azure.prefix.as_deref()).ok_or_else(unfit)?,
            account: azure.account.clone(),
            access: azure.access.clone(),
            retain_days: azure.retain_days,
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
        let mut ask = self.put(path, bytes, now);
        ask.headers.push(("if-none-match", "*".to_owned()));
        let answer = self.send(ask, now).await?;
        match answer.status {
            status if status.is_success() => Ok(Written::New),
            StatusCode::PRECONDITION_FAILED => Ok(Written::Exists),
            StatusCode::CONFLICT if ["BlobAlreadyExists", IMMUTABLE].contains(&&*answer.code()) => {
                Ok(Written::Exists)
            }
            _ => Err(answer.refused("PUT", path)),
        }
    }

    pub(super) async fn replace(&self, path: &str, bytes: Vec<u8>, now: Timestamp) -> Result<(), PlaceError> {
        self.send(self.put(path, bytes, now), now).await?.done("PUT", path).map(drop)
    }

    /// Writes a blob, asks what keeps it, and tries to delete that version of it.
    pub(super) async fn prove(&self, name: &str, now: Timestamp) -> Result<Hold, PlaceError> {
        let path = format!("{PUBLISHER}/{name}");
        let written = self
            .send(self.put(&path, b"may this be deleted?\n".to_vec(), now), now)
            .await?
            .done("PUT", &path)?;
        let found = self.send(Ask::new("HEAD", &path), now).await?.done("HEAD", &path)?;
        let mode = found.header(LOCK_MODE).unwrap_or_default().to_ascii_lowercase();
        let until = found.header(LOCK_UNTIL);
        let until = until.and_then(|until| rfc2822::DateTimeParser::new().parse_timestamp(until).ok());
        let until = until.filter(|until| *until > now);
        let mut deleted = self.send(Ask::new("DELETE", &path), now).await?;
        if let Some(version) = written.header("x-ms-version-id").filter(|_| deleted.status.is_success()) {
            // So far it is only no longer the current one, which cannot be deleted by its version.
            let query = vec![("versionid", version.to_owned())];
            deleted = self.send(Ask { query, ..Ask::new("DELETE", &path) }, now).await?;
        }
        let strength = match (deleted.status, &*deleted.code(), until) {
            (status, ..) if status.is_success() => Strength::None,
            (StatusCode::CONFLICT, IMMUTABLE, Some(_)) if mode == "locked" => Strength::Proven,
            (StatusCode::CONFLICT, IMMUTABLE | "BlobImmutableDueToLegalHold", _)
            | (StatusCode::FORBIDDEN, ..) => Strength::Weak,
            _ => return Err(deleted.refused("DELETE", &path)),
        };
        let by = match (strength, until) {
            (Strength::None, _) => "nothing: a blob there was deleted again".to_owned(),
            (_, Some(_)) => format!("an immutability policy in mode {mode}; deleting a blob was refused"),
            (_, None) => "deleting a blob was refused, and no retention was shown".to_owned(),
        };
        Ok(Hold { by, until, strength })
    }

    /// A write, with the retention that is configured; without one the container's own holds.
    fn put<'a>(&self, path: &'a str, body: Vec<u8>, now: Timestamp) -> Ask<'a> {
        let mut headers = vec![
            ("content-type", "application/octet-stream".to_owned()),
            ("x-ms-blob-type", "BlockBlob".to_owned()),
        ];
        if let Some(days) = self.retain_days {
            headers.push((LOCK_MODE, "locked".to_owned()));
            headers.push((LOCK_UNTIL, retained_until(now, days).strftime(TIME).to_string()));
        }
        Ask { headers, body, ..Ask::new("PUT", path) }
    }

    async fn send(&self, mut ask: Ask<'_>, now: Timestamp) -> Result<Answer, PlaceError> {
        let secret = self.secret().await?;
        ask.headers
            .extend([("x-ms-date", now.strftime(TIME).to_string()), ("x-ms-version", VERSION.to_owned())]);
        ask.headers.sort();
        let proof = match &self.access {
            AzureAccess::Sas(_) => Proof::Query(&secret),
            AzureAccess::Key(_) => {
                let path = self.server.path(ask.path);
                Proof::Header(shared_key::authorize(&ask, &path, &self.account, &secret)?)
            }
        };
        self.server.send(ask, proof).await
    }

    /// Read for each request: what ends is replaced by whoever hands it out.
    async fn secret(&self) -> Result<SecretString, PlaceError> {
        let (AzureAccess::Key(source) | AzureAccess::Sas(source)) = self.access.clone();
        read_secrets(move || source.read()).await
    }
}
