//! What the operator decides: one YAML file, read once, every field documented in `docs/configuration.md`.
//!
//! Unknown fields are errors. Relative paths are relative to the file.

mod anchor;
mod canary;
mod check;
mod console;
#[cfg(test)]
mod coverage;
mod decode;
mod document;
mod evidence;
#[cfg(test)]
mod golden;
mod load;
mod masking;
mod problem;
mod retention;
mod server;
mod tool;
mod written;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

pub use anchor::{Anchors, Authority, Azure, AzureAccess, Gcs, Place, S3, Signer, SignerWay, Witness};
pub use canary::{Canaries, CanaryExpect, CanaryKind, CanaryTest};
pub use console::{Account, ConsoleClient};
pub use evidence::Evidence;
pub use load::{ConfigError, load, parse};
pub use masking::{Detector, Masking, OnFailure, Recognizer};
pub use retention::{Retention, ServerRetention};
pub use server::{Credential, EnvironmentValue, Http, ServerConfig, Sharing, Stdio};
pub use tool::{FieldAt, Language, StatementAt, Tool};
pub use written::Written;

use crate::limits;
use crate::secret::SecretSource;

/// The whole configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of this deployment: letters, digits, `.`, `_`, `-`. It names the log (`<deployment>/audit/<epoch>`).
    pub deployment: String,
    /// Where callers connect.
    pub listen: Listen,
    /// Where operators connect: health and metrics. Absent: no such listener.
    #[serde(default)]
    pub admin: Option<Admin>,
    /// Where evidence is kept.
    pub storage: Storage,
    /// Who callers are.
    pub identity: Identity,
    /// What they may do.
    pub policy: Policy,
    /// How calls that policy holds reach people.
    #[serde(default)]
    pub approvals: Approvals,
    /// What they may reach. At least one; names are unique.
    pub servers: Vec<ServerConfig>,
    /// A program outside that signs checkpoints. Absent: a key in the key directory does.
    #[serde(default)]
    pub signer: Option<Signer>,
    /// Who outside keeps or countersigns the checkpoints of the log.
    #[serde(default)]
    pub anchors: Anchors,
    /// What is looked for in messages.
    #[serde(default)]
    pub masking: Masking,
    /// What the gateway tries by itself, to see that controls work.
    #[serde(default)]
    pub canaries: Canaries,
    /// How long recorded messages are kept.
    #[serde(default)]
    pub retention: Retention,
    /// Where evidence packages that the gateway makes wait to be fetched.
    #[serde(default)]
    pub evidence: Evidence,
    /// How the gateway reports about itself.
    #[serde(default)]
    pub log: Log,
    /// What of the file may be put on record; no field of it.
    #[serde(skip)]
    pub written: Written,
}

/// The listener for callers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// Address and port.
    pub address: SocketAddr,
    /// The URL callers use, without path: scheme, host, port. Resource identifiers derive from it.
    pub public_url: url::Url,
    /// Certificate for TLS. Absent: plain HTTP, allowed only on a loopback address or with `behind_proxy`.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// A trusted load balancer in front terminates TLS.
    #[serde(default)]
    pub behind_proxy: bool,
    /// Time after SIGTERM, in milliseconds, for which connections are still taken and requests answered, with
    /// `connection: close`, while readiness is red already: 0 to [`limits::DRAIN_GRACE_MS_MAX`]. Longer than a load
    /// balancer takes to notice.
    #[serde(default = "drain_grace_ms")]
    pub drain_grace_ms: u64,
    /// Longest that one stream may last, in milliseconds: 1 to [`limits::STREAM_MS`]. Then a call that it carries has
    /// failed, and who only listens connects again.
    #[serde(default = "stream_ms")]
    pub stream_ms: u64,
    /// Values of `Host` accepted besides that of `public_url`.
    #[serde(default)]
    pub allowed_hosts: Vec<String>,
    /// Values of `Origin` accepted from browsers besides that of `public_url`.
    #[serde(default)]
    pub allowed_origins: Vec<String>,
}

fn drain_grace_ms() -> u64 {
    limits::DRAIN_GRACE_MS
}

fn stream_ms() -> u64 {
    limits::STREAM_MS
}

/// TLS of a listener. Files are read again when they change.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM file: certificate chain, leaf first.
    pub certificate: PathBuf,
    /// PEM file: private key.
    pub key: PathBuf,
    /// PEM file of authorities for client certificates. Absent: none are asked for.
    #[serde(default)]
    pub client_authorities: Option<PathBuf>,
    /// Whether a client certificate may be absent.
    #[serde(default)]
    pub client_certificate: ClientCertificate,
}

/// Whether callers must present a certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientCertificate {
    /// Verified when presented.
    Optional,
    /// A connection without one is refused.
    #[default]
    Required,
}

/// The operators' listener.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// Address and port. Keep it off public networks.
    pub address: SocketAddr,
}

/// Where evidence is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// Directory for the SQLite database, the lock file and, unless `keys` says otherwise, the keys. Created 0700.
    pub directory: PathBuf,
    /// Directory for the log's signing key and the payload key. Created 0700, files 0600. Default: `keys` in
    /// `directory`.
    #[serde(default)]
    pub keys: Option<PathBuf>,
    /// The PostgreSQL server that several gateways share. Absent: SQLite in `directory`, for one gateway.
    #[serde(default)]
    pub postgres: Option<Postgres>,
}

/// A PostgreSQL server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    /// `postgresql://role@host:port/database`, without a password. TLS is used and the certificate checked unless
    /// the host is this machine.
    pub url: url::Url,
    /// Password of the role.
    #[serde(default)]
    pub password: Option<SecretSource>,
    /// PEM file of further authorities to trust.
    #[serde(default)]
    pub authorities: Option<PathBuf>,
    /// Time without a sign of life after which another gateway ends what this one left open, in milliseconds:
    /// [`limits::LANE_SILENCE_MS_MIN`] to [`limits::LANE_SILENCE_MS_MAX`].
    #[serde(default = "lane_silence_ms")]
    pub silence_ms: u64,
}

fn lane_silence_ms() -> u64 {
    limits::LANE_SILENCE_MS
}

impl Storage {
    /// Where keys are kept.
    pub fn key_directory(&self) -> PathBuf {
        self.keys.clone().unwrap_or_else(|| self.directory.join("keys"))
    }
}

/// Who callers are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// OpenID Connect issuers whose tokens are accepted.
    #[serde(default)]
    pub issuers: Vec<Issuer>,
    /// Whether service keys (`countersign key create`) are accepted.
    #[serde(default)]
    pub service_keys: ServiceKeys,
}

/// Whether service keys are accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceKeys {
    /// They are refused.
    #[default]
    Refused,
    /// They are accepted.
    Accepted,
}

/// One OpenID Connect issuer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// Short name used in policies, leaves and listings.
    pub name: String,
    /// The `iss` of its tokens; discovery is relative to it. `https`, or `http` on loopback.
    pub url: url::Url,
    /// Audiences accepted besides the server's own resource URL (some issuers put an application id in `aud`).
    #[serde(default)]
    pub audiences: Vec<String>,
    /// Signature algorithms accepted. Default: all asymmetric ones the gateway supports.
    #[serde(default)]
    pub algorithms: Vec<String>,
    /// Where its tokens keep what the gateway needs.
    #[serde(default)]
    pub claims: Claims,
    /// PEM file of further authorities to trust when fetching its documents.
    #[serde(default)]
    pub authorities: Option<PathBuf>,
    /// How its people sign in to the console. Absent: they do not, and have no role in the gateway.
    #[serde(default)]
    pub console: Option<ConsoleClient>,
}

/// Where an issuer's tokens keep what the gateway needs. A path is a claim name, or names joined by `.` for nested
/// ones; a name that itself holds dots (a namespaced claim) is written as a JSON Pointer: `/https:~1~1example.com~1groups`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Claims {
    /// Display name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Groups and roles; all paths that exist are joined.
    pub groups: Vec<String>,
    /// Claim (path) and values that make the caller an agent.
    pub agent: Option<ClaimMatch>,
    /// Claim (path) and values that make the caller a service. Default: a token whose `sub` equals its client id.
    pub service: Option<ClaimMatch>,
}

impl Default for Claims {
    fn default() -> Self {
        Self {
            name: "name".into(),
            email: "email".into(),
            groups: vec!["groups".into(), "roles".into()],
            agent: None,
            service: None,
        }
    }
}

/// A claim and the values of it that match.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimMatch {
    /// Path of the claim.
    pub claim: String,
    /// Values, any of which matches.
    pub values: Vec<String>,
}

/// What callers may do.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Directory of `*.cedar` files. Read again on SIGHUP and when a file changes.
    pub directory: PathBuf,
    /// Sets are published through the gateway, kept in its store, and the directory holds the first one only. Absent: the files
    /// are what counts.
    pub publish: Option<Publish>,
}

/// How sets are published through the gateway.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Publish {
    /// `second_person` (default): somebody else puts in force what one person proposed; or `none`.
    pub consent: Consent,
}

/// Whose consent a set needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// That of a second person.
    #[default]
    SecondPerson,
    /// Nobody's.
    None,
}

/// How calls that policy holds reach people.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Approvals {
    /// Time a held call waits before its caller is told to come back, in milliseconds: 1 to 600000. Unchanged callers
    /// give up after 60000.
    pub wait_ms: u64,
    /// Address of a page where people decide, named to callers; `{id}` stands for the approval. Absent: callers are
    /// told the command.
    pub page: Option<String>,
    /// Who is told when a call is held, decided, used or over.
    pub webhooks: Vec<Webhook>,
    /// A Slack channel where people decide.
    pub slack: Option<Slack>,
    /// Who is told by e-mail when a call is held.
    pub email: Option<Email>,
}

/// People who are told by e-mail that a call waits. Nobody decides by mail.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Email {
    /// Name of the mail server that takes messages for everybody.
    pub host: String,
    /// Its port.
    #[serde(default = "Email::port")]
    pub port: u16,
    /// `starttls` (default), `implicit` (TLS from the first byte, port 465), or `none` on loopback.
    #[serde(default)]
    pub tls: MailTls,
    /// PEM file of further authorities for the certificate of the server.
    pub authorities: Option<PathBuf>,
    /// Who we are to the server. Absent: it asks nobody.
    pub username: Option<String>,
    /// The password of that user.
    pub password: Option<crate::secret::SecretSource>,
    /// Address that messages come from.
    pub from: String,
    /// Addresses that they go to: 1 to 32.
    pub to: Vec<String>,
}

/// How the connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailTls {
    /// After a greeting in the clear (RFC 3207); without it nothing is sent.
    #[default]
    Starttls,
    /// From the first byte (RFC 8314).
    Implicit,
    /// Not at all.
    None,
}

impl Email {
    /// The port of submission (RFC 6409).
    fn port() -> u16 {
        587
    }
}

/// A Slack channel, or one of anything that speaks like Slack: messages with the call and buttons to decide.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// Where messages are posted. `https`, or `http` on loopback.
    pub url: url::Url,
    /// Token of the app, sent with every message.
    pub token: crate::secret::SecretSource,
    /// What presses of buttons are signed with.
    pub signing_secret: crate::secret::SecretSource,
    /// Id of the channel.
    pub channel: String,
    /// Who is who. A press by anybody else decides nothing.
    #[serde(default)]
    pub people: Vec<SlackPerson>,
}

/// Who a user of Slack is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlackPerson {
    /// Id of the user in Slack.
    pub user: String,
    /// Name of the configured issuer that knows them.
    pub issuer: String,
    /// That issuer's identifier of them (`sub`).
    pub subject: String,
    /// The groups they decide with.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// Somebody who is told about held calls by a signed request (<https://www.standardwebhooks.com>).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Lower-case letters, digits and `-`; names it in listings.
    pub name: String,
    /// Where requests are sent. `https`, or `http` on loopback. Redirects are not followed.
    pub url: url::Url,
    /// What they are signed with: `whsec_` and base64, 24 to 64 bytes.
    pub secret: crate::secret::SecretSource,
}

impl Default for Approvals {
    fn default() -> Self {
        Self {
            wait_ms: crate::limits::APPROVAL_WAIT_MS,
            page: None,
            webhooks: Vec::new(),
            slack: None,
            email: None,
        }
    }
}

/// How the gateway reports about itself on standard error. Never payloads.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `human` (default on a terminal) or `json` (default elsewhere).
    pub format: Option<LogFormat>,
    /// `error`, `warn`, `info` (default), `debug`, or per module: `info,countersign::ledger=debug`.
    pub level: Option<String>,
}

/// Shape of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Environment of a spawned server: literal values and secrets.
pub type Environment = BTreeMap<String, EnvironmentValue>;
