//! An upstream reached by streamable HTTP. No redirects, no cookies, no decompression: what comes is what is judged.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::answer::{Answer, AnswerBody, AnswerError, Events, Outbound, Rest};
use super::credential::CredentialStore;
use crate::config;
use crate::limits;
use crate::trust;

/// Common servers close idle connections after five seconds; leaving first avoids the race.
const POOL_IDLE: Duration = Duration::from_secs(4);

/// An upstream reached by streamable HTTP.
#[derive(Debug)]
pub struct HttpUpstream {
    uri: Uri,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    credential: Option<CredentialStore>,
    timeout: Duration,
}

impl HttpUpstream {
    /// Prepares the connection pool; connects to nothing yet.
    ///
    /// # Errors
    /// What is wrong with the configuration, for the operator.
    pub fn new(http: &config::Http, timeout: Duration) -> Result<Self, String> {
        let uri =
            http.url.as_str().parse().map_err(|error| format!("`{}` is no address: {error}", http.url))?;
        let credential = match &http.credential {
            None => None,
            Some(credential) => Some(
                CredentialStore::new(credential).map_err(|name| format!("`{name}` is not a header name"))?,
            ),
        };
        let connector = trust::connector(http.authorities.as_deref())?;
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(POOL_IDLE)
            .pool_timer(TokioTimer::new())
            .http1_max_buf_size(256 * 1024)
            .build(connector);
        Ok(Self { uri, client, credential, timeout })
    }

    /// Time the server has to answer.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Sends one message and waits for the answer to begin.
    pub(super) async fn send(&self, outbound: Outbound) -> Result<Answer, AnswerError> {
        let request = self.request(outbound).await?;
        let response = tokio::time::timeout(self.timeout, self.client.request(request))
            .await
            .map_err(|_| AnswerError::Timeout(self.timeout))?
            .map_err(|error| AnswerError::Unreachable(describe(&error)))?;
        let (head, body) = response.into_parts();
        if matches!(
            head.status,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED
        ) {
            if let Some(credential) = &self.credential {
                credential.forget();
            }
            return Err(AnswerError::Credential(format!("it answered {}", head.status)));
        }
        let body = match Media::of(&head.headers) {
            _ if body.is_end_stream() => AnswerBody::Empty,
            Media::Events if head.status.is_success() => AnswerBody::Events(Events::http(body)),
            Media::Json => self.collect(body).await?,
            Media::Events | Media::Other => AnswerBody::Opaque,
        };
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    async fn request(&self, outbound: Outbound) -> Result<Request<Full<Bytes>>, AnswerError> {
        let mut request = Request::new(Full::new(outbound.body));
        *request.method_mut() = outbound.method;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = outbound.headers;
        let headers = request.headers_mut();
        headers.remove(HOST);
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(credential) = &self.credential {
            let (name, value) = credential.header().await?;
            headers.insert(name, value);
        }
        Ok(request)
    }

    async fn collect(&self, mut body: Incoming) -> Result<AnswerBody, AnswerError> {
        let mut begun = BytesMut::new();
        let all = async {
            while begun.len() <= limits::ANSWER_BODY_BYTES_MAX {
                match body.frame().await {
                    None => return Ok(true),
                    Some(Ok(frame)) => {
                        frame.data_ref().into_iter().for_each(|data| begun.extend_from_slice(data));
                    }
                    Some(Err(_)) => return Err(AnswerError::Malformed("it broke off".to_owned())),
                }
            }
            Ok(false)
        };
        let whole = tokio::time::timeout(self.timeout, all).await;
        if !whole.map_err(|_| AnswerError::Timeout(self.timeout))?? {
            return Ok(AnswerBody::Large(Rest { begun, body, timeout: self.timeout }));
        }
        Ok(if begun.is_empty() { AnswerBody::Empty } else { AnswerBody::Json(begun.freeze()) })
    }
}

/// What an answer says it is.
enum Media {
    Json,
    Events,
    Other,
}

impl Media {
    fn of(headers: &HeaderMap) -> Self {
        let essence = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .map(str::trim)
            .unwrap_or_default();
        if essence.eq_ignore_ascii_case("application/json") {
            Self::Json
        } else if essence.eq_ignore_ascii_case("text/event-stream") {
            Self::Events
        } else {
            Self::Other
        }
    }
}

/// The whole chain of causes: hyper's own text says only that an error happened.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
