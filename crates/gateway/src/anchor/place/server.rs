//! One request to a server of objects and its answer, in whatever dialect.
//!
//! The requests are ours because what matters here is what libraries leave out: the headers of locks on a write, and
//! whether one version of one object can be deleted.

use http::{HeaderMap, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::PlaceError;
use crate::limits;
use crate::secret::SecretError;

/// A server, and where on it the objects are.
pub(super) struct Server {
    client: reqwest::Client,
    /// Scheme, host and port.
    base: String,
    /// Host, and port where it is not the usual one.
    pub(super) host: String,
    /// What every path begins with.
    root: String,
}

/// One request.
pub(super) struct Ask<'a> {
    pub(super) method: &'static str,
    pub(super) path: &'a str,
    /// Names and values, sorted, not encoded.
    pub(super) query: Vec<(&'a str, String)>,
    /// Lower-case names and values.
    pub(super) headers: Vec<(&'a str, String)>,
    pub(super) body: Vec<u8>,
    /// Most bytes of the answer.
    pub(super) bytes_max: usize,
}

/// What shows that a request is ours.
pub(super) enum Proof<'a> {
    /// The value of `Authorization`.
    Header(String),
    /// More of the query.
    Query(&'a SecretString),
}

/// What was answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Server {
    /// Objects below `parts` of the path and `prefix`; `None`: the address has no host.
    pub(super) fn new(
        client: reqwest::Client,
        address: &Url,
        parts: &[&str],
        prefix: Option<&str>,
    ) -> Option<Self> {
        let host = match (address.host_str()?, address.port()) {
            (host, Some(port)) => format!("{host}:{port}"),
            (host, None) => host.to_owned(),
        };
        let root = parts.iter().copied().chain(prefix).map(|part| format!("/{part}")).collect();
        Some(Self { client, base: address.origin().ascii_serialization(), host, root })
    }

    /// The whole path of an object.
    pub(super) fn path(&self, path: &str) -> String {
        format!("{}/{path}", self.root)
    }

    pub(super) async fn send(&self, ask: Ask<'_>, proof: Proof<'_>) -> Result<Answer, PlaceError> {
        let unreachable = |error: reqwest::Error| PlaceError::Unreachable(error.without_url().to_string());
        let mut query = ask.encoded();
        if let Proof::Query(more) = &proof {
            // Consoles show it as it follows an address.
            let more = more.expose_secret().trim_start_matches('?');
            query = if query.is_empty() { more.to_owned() } else { format!("{query}&{more}") };
        }
        let mark = if query.is_empty() { "" } else { "?" };
        let url = format!("{}{}{mark}{query}", self.base, self.path(ask.path));
        let method = reqwest::Method::from_bytes(ask.method.as_bytes()).unwrap_or_default();
        let mut request = self.client.request(method, url);
        if let Proof::Header(authorization) = proof {
            request = request.header("authorization", authorization);
        }
        for (name, value) in ask.headers.iter().filter(|(name, _)| *name != "host") {
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
}

impl<'a> Ask<'a> {
    pub(super) fn new(method: &'static str, path: &'a str) -> Self {
        let bytes_max = limits::ANCHOR_ANSWER_BYTES_MAX;
        Self { method, path, query: Vec::new(), headers: Vec::new(), body: Vec::new(), bytes_max }
    }

    /// The query as it is sent.
    pub(super) fn encoded(&self) -> String {
        let query: Vec<String> =
            self.query.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        query.join("&")
    }
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// One word of a closed set: Azure says it in a header, all say `<Error><Code>NoSuchBucket</Code>...`.
    pub(super) fn code(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let in_body = || Some(text.split_once("<Code>")?.1.split_once("</Code>")?.0);
        let code = self.header("x-ms-error-code").or_else(in_body);
        let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        code.unwrap_or("no code").to_owned()
    }

    /// What an object holds; `None`: there is none.
    pub(super) fn content(self, path: &str) -> Result<Option<Vec<u8>>, PlaceError> {
        match self.status {
            StatusCode::OK => Ok(Some(self.body)),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(self.refused("GET", path)),
        }
    }

    /// The answer to what was done.
    pub(super) fn done(self, verb: &'static str, path: &str) -> Result<Self, PlaceError> {
        if self.status.is_success() { Ok(self) } else { Err(self.refused(verb, path)) }
    }

    pub(super) fn refused(&self, verb: &'static str, path: &str) -> PlaceError {
        PlaceError::Refused { verb, path: path.to_owned(), status: self.status.as_u16(), code: self.code() }
    }
}

/// Reads secrets, which may take the run of a command.
pub(super) async fn read_secrets<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, SecretError> + Send + 'static,
) -> Result<T, PlaceError> {
    let read = tokio::task::spawn_blocking(read).await;
    Ok(read.map_err(|_| PlaceError::Unreachable("the process ends".to_owned()))??)
}

/// A value in a query, as RFC 3986 has it.
fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
