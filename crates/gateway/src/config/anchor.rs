//! Who outside keeps or countersigns the checkpoints of the log.

use std::path::PathBuf;

use serde::Deserialize;

use super::Webhook;
use crate::limits;
use crate::secret::SecretSource;

/// Who outside keeps or countersigns the checkpoints of the log.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Anchors {
    /// Who is told every checkpoint by a signed request (<https://www.standardwebhooks.com>).
    pub webhooks: Vec<Webhook>,
    /// Where the log is published: tiles, bundles and checkpoints (C2SP tlog-tiles).
    pub places: Vec<Place>,
    /// Witnesses that are asked to cosign every checkpoint (C2SP tlog-witness).
    pub witnesses: Vec<Witness>,
    /// Authorities that stamp a checkpoint once a day (RFC 3161).
    pub authorities: Vec<Authority>,
}

/// A timestamp authority (RFC 3161).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// Lower-case letters, digits and `-`; names it in listings.
    pub name: String,
    /// Its address. `http` or `https`: what it answers is signed and numbered.
    pub url: url::Url,
    /// Time between two timestamps, in milliseconds: 60000 to 604800000.
    #[serde(default = "stamp_interval_ms")]
    pub interval_ms: u64,
}

/// A program outside that signs checkpoints, so that their key never is where the gateway runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    /// Its public keys, `name+id+base64`: one for each epoch that it signs, named `<deployment>/audit/<epoch>`.
    pub keys: Vec<String>,
    /// How it is asked.
    pub by: SignerWay,
    /// Time it has, in milliseconds: 100 to 30000.
    #[serde(default = "signer_timeout_ms")]
    pub timeout_ms: u64,
}

/// A witness: a server of somebody else that cosigns checkpoints of logs which were only appended to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Witness {
    /// Its address, without `/add-checkpoint`. `https`, or `http` on loopback.
    pub url: url::Url,
    /// The key that verifies its cosignatures: `name+id+base64`.
    pub key: String,
}

/// Where the log is published. Exactly one of `directory`, `s3`, `gcs` and `azure`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Lower-case letters, digits and `-`; names it in listings.
    pub name: String,
    /// Shortest time between two checkpoints there, in milliseconds: 1000 to 3600000. Each leaves a few small files.
    #[serde(default = "interval_ms")]
    pub interval_ms: u64,
    /// A directory, of another owner or on a file system that writes once.
    #[serde(default)]
    pub directory: Option<PathBuf>,
    /// A bucket that speaks S3.
    #[serde(default)]
    pub s3: Option<S3>,
    /// A bucket of Google Cloud Storage.
    #[serde(default)]
    pub gcs: Option<Gcs>,
    /// A container of Azure Blob Storage.
    #[serde(default)]
    pub azure: Option<Azure>,
}

/// A bucket that speaks S3.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3 {
    /// Its name.
    pub bucket: String,
    /// Its region.
    pub region: String,
    /// Address of a server that is not Amazon's; the bucket is then part of the path. `https`, or `http` on loopback.
    #[serde(default)]
    pub endpoint: Option<url::Url>,
    /// What the names of all objects begin with: letters, digits, `.`, `_`, `-`, and `/` in between.
    #[serde(default)]
    pub prefix: Option<String>,
    /// Id of the access key. Read anew for every request, as the next two are.
    pub access_key_id: SecretSource,
    /// Its secret.
    pub secret_access_key: SecretSource,
    /// Token of credentials that end.
    #[serde(default)]
    pub session_token: Option<SecretSource>,
    /// Days for which every object is kept under object lock in mode COMPLIANCE: 1 to 36500. Absent: the bucket's own
    /// default retention holds, which is better, since others set it.
    #[serde(default)]
    pub retain_days: Option<u32>,
}

/// A bucket of Google Cloud Storage.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gcs {
    /// Its name.
    pub bucket: String,
    /// Address of a server that is not Google's. `https`, or `http` on loopback.
    #[serde(default)]
    pub endpoint: Option<url::Url>,
    /// What the names of all objects begin with: letters, digits, `.`, `_`, `-`, and `/` in between.
    #[serde(default)]
    pub prefix: Option<String>,
    /// Access id of the HMAC key of a service account. Read anew for every request, as the next is.
    pub access_key_id: SecretSource,
    /// Its secret.
    pub secret_access_key: SecretSource,
    /// Days for which every object but the latest checkpoint is retained in locked mode: 1 to 36500. Absent: whatever
    /// policy the bucket has.
    #[serde(default)]
    pub retain_days: Option<u32>,
}

/// A container of Azure Blob Storage.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Azure {
    /// The storage account.
    pub account: String,
    /// The container in it.
    pub container: String,
    /// Address of a server that is not Azure's public one. The account is part of the path unless the name of the host
    /// begins with it. `https`, or `http` on loopback.
    #[serde(default)]
    pub endpoint: Option<url::Url>,
    /// What the names of all blobs begin with: letters, digits, `.`, `_`, `-`, and `/` in between.
    #[serde(default)]
    pub prefix: Option<String>,
    /// What opens it. Read anew for every request.
    pub access: AzureAccess,
    /// Days for which every version of a blob is kept under a locked immutability policy: 1 to 36500. Absent: whatever
    /// policy the container has.
    #[serde(default)]
    pub retain_days: Option<u32>,
}

/// What opens a container.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum AzureAccess {
    /// A key of the storage account, in base64. It may do everything there.
    Key(SecretSource),
    /// A shared access signature. It may do what it says, until it ends.
    Sas(SecretSource),
}

/// How a signer is asked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum SignerWay {
    /// Program and arguments, no shell: the text on its standard input, the base64 of the signature on its standard output.
    Command(Vec<String>),
    /// Address to which the text is posted; the answer is the base64 of the signature. `https`, or `http` on loopback.
    Url(url::Url),
}

fn stamp_interval_ms() -> u64 {
    limits::STAMP_INTERVAL_MS
}

fn signer_timeout_ms() -> u64 {
    limits::SIGNER_TIMEOUT_MS
}

fn interval_ms() -> u64 {
    limits::PUBLISH_INTERVAL_MS
}
