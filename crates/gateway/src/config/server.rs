//! One upstream MCP server.

use std::path::PathBuf;

use serde::de::value::EnumAccessDeserializer;
use serde::de::{EnumAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Environment, ServerRetention, Tool};
use crate::limits;
use crate::secret::SecretSource;

/// One upstream MCP server, reached by callers at `<public_url>/mcp/<name>`. Exactly one of `http` and `stdio`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// Lower-case letters, digits and `-`; appears in URLs, policies and evidence.
    pub name: String,
    /// Reached by streamable HTTP.
    #[serde(default)]
    pub http: Option<Http>,
    /// Started by the gateway, reached on standard input and output.
    #[serde(default)]
    pub stdio: Option<Stdio>,
    /// Scopes a token must have to use the server at all.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Audiences accepted for this server besides its own resource URL.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// Time the server has to begin its answer, in milliseconds: 1 to [`limits::UPSTREAM_TIMEOUT_MS_MAX`].
    #[serde(default = "upstream_timeout_ms")]
    pub timeout_ms: u64,
    /// What the gateway must be told about single tools. The first whose name fits counts.
    #[serde(default)]
    pub tools: Vec<Tool>,
    /// How long its recorded messages are kept, where that is not as for all.
    #[serde(default)]
    pub retention: Option<ServerRetention>,
}

/// An upstream reached by streamable HTTP.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Its MCP endpoint.
    pub url: url::Url,
    /// What the gateway presents to it. Callers never see it.
    #[serde(default)]
    pub credential: Option<Credential>,
    /// PEM file of further authorities to trust.
    #[serde(default)]
    pub authorities: Option<PathBuf>,
}

/// A program that speaks MCP on standard input and output.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stdio {
    /// Program and arguments; no shell. A program with a `/` is a path, relative to the file; others are looked up
    /// in `PATH`.
    pub command: Vec<String>,
    /// Its whole environment besides `PATH` and `HOME`.
    #[serde(default)]
    pub environment: Environment,
    /// Its working directory.
    #[serde(default)]
    pub directory: Option<PathBuf>,
    /// One process for each caller's session, or one for all.
    #[serde(default)]
    pub sharing: Sharing,
}

/// A header the gateway adds to each request upstream.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// Header name. Default: `authorization`.
    #[serde(default = "authorization")]
    pub header: String,
    /// Text before the secret. Default: `Bearer ` for `authorization`, else nothing.
    #[serde(default)]
    pub prefix: Option<String>,
    /// Where the secret comes from. Read at start and again after the upstream answers 401.
    pub value: SecretSource,
}

/// A value in a spawned server's environment. Its `Debug` does not show it.
#[derive(Clone)]
pub enum EnvironmentValue {
    /// As written.
    Literal(String),
    /// A secret.
    Secret(SecretSource),
}

/// Who shares a spawned process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sharing {
    /// One process for each protocol session (legacy) or principal (modern): state cannot leak between callers.
    #[default]
    Session,
    /// One process for all callers; for servers that keep no state about who asks.
    Shared,
}

impl std::fmt::Debug for EnvironmentValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Literal(_) => f.write_str("Literal(..)"),
            Self::Secret(source) => f.debug_tuple("Secret").field(source).finish(),
        }
    }
}

impl<'de> Deserialize<'de> for EnvironmentValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum("EnvironmentValue", &["env", "file", "command"], TextOrSecret)
    }
}

struct TextOrSecret;

impl<'de> Visitor<'de> for TextOrSecret {
    type Value = EnvironmentValue;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("text, or a secret's source")
    }

    fn visit_str<E>(self, text: &str) -> Result<EnvironmentValue, E> {
        Ok(EnvironmentValue::Literal(text.to_owned()))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, source: A) -> Result<EnvironmentValue, A::Error> {
        SecretSource::deserialize(EnumAccessDeserializer::new(source)).map(EnvironmentValue::Secret)
    }
}

fn upstream_timeout_ms() -> u64 {
    limits::UPSTREAM_TIMEOUT_MS
}

fn authorization() -> String {
    "authorization".to_owned()
}
