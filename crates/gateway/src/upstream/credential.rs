//! The gateway's own credential at an upstream: read from its source, never shown, read again when refused.

use std::sync::Mutex;

use http::{HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::answer::AnswerError;
use crate::config::Credential;
use crate::secret::SecretSource;

/// A header that the gateway adds to every request to one upstream.
pub(super) struct CredentialStore {
    name: HeaderName,
    prefix: String,
    source: SecretSource,
    value: Mutex<Option<HeaderValue>>,
}

impl std::fmt::Debug for CredentialStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CredentialStore").field("name", &self.name).finish_non_exhaustive()
    }
}

impl CredentialStore {
    /// Checks the header name; reads nothing yet.
    ///
    /// # Errors
    /// The header name, when it is not one.
    pub(super) fn new(config: &Credential) -> Result<Self, String> {
        let name = HeaderName::from_bytes(config.header.as_bytes()).map_err(|_| config.header.clone())?;
        let prefix = config.prefix.clone().unwrap_or_else(|| {
            if name == http::header::AUTHORIZATION { "Bearer ".to_owned() } else { String::new() }
        });
        Ok(Self { name, prefix, source: config.value.clone(), value: Mutex::new(None) })
    }

    /// The header to add.
    ///
    /// # Errors
    /// [`AnswerError::Credential`] when its source cannot be read.
    pub(super) async fn header(&self) -> Result<(HeaderName, HeaderValue), AnswerError> {
        if let Some(value) = self.cached() {
            return Ok((self.name.clone(), value));
        }
        let source = self.source.clone();
        let secret = tokio::task::spawn_blocking(move || source.read())
            .await
            .map_err(|error| AnswerError::Credential(error.to_string()))?
            .map_err(|error| AnswerError::Credential(error.to_string()))?;
        let text = Zeroizing::new(format!("{}{}", self.prefix, secret.expose_secret()));
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| AnswerError::Credential("not usable as a header value".to_owned()))?;
        value.set_sensitive(true);
        *self.value.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(value.clone());
        Ok((self.name.clone(), value))
    }

    /// Forgets the value, so that the next request reads it again. Called after the upstream refused it.
    pub(super) fn forget(&self) {
        *self.value.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
    }

    fn cached(&self) -> Option<HeaderValue> {
        self.value.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}
