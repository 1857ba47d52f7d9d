//! Signed requests to whoever wants to be told: [Standard Webhooks](https://www.standardwebhooks.com) v1.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret as _;
use url::Url;

use crate::config;
use crate::limits;
use crate::secret::SecretError;

/// Secrets have this before their base64.
const SECRET_PREFIX: &str = "whsec_";
/// How long they may be, in bytes.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// One who is told.
pub struct Webhook {
    name: String,
    url: Url,
    key: hmac::Key,
}

/// Why nobody can be told as configured.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The secret cannot be read.
    #[error("webhook `{0}`: {1}")]
    Secret(String, SecretError),
    /// The secret is not one of Standard Webhooks.
    #[error("webhook `{0}`: its secret is not `whsec_` and the base64 of 24 to 64 bytes")]
    Shape(String),
}

impl Webhook {
    /// As configured. Reads the secret.
    ///
    /// # Errors
    /// [`WebhookError`], worded for the operator.
    pub fn new(webhook: &config::Webhook) -> Result<Self, WebhookError> {
        let name = webhook.name.clone();
        let secret = webhook.secret.read().map_err(|error| WebhookError::Secret(name.clone(), error))?;
        let key = secret
            .expose_secret()
            .strip_prefix(SECRET_PREFIX)
            .and_then(|text| STANDARD.decode(text).ok())
            .filter(|key| SECRET_BYTES.contains(&key.len()))
            .ok_or_else(|| WebhookError::Shape(name.clone()))?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &zeroize::Zeroizing::new(key));
        Ok(Self { name, url: webhook.url.clone(), key })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends a body, `id` of which the receiver takes once; `now_s` is seconds since 1970.
    ///
    /// # Errors
    /// Why it did not arrive, without the address.
    pub async fn send(
        &self,
        client: &reqwest::Client,
        id: &str,
        now_s: i64,
        body: String,
    ) -> Result<(), String> {
        let sent = client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", now_s)
            .header("webhook-signature", self.sign(id, now_s, &body))
            .body(body)
            .send()
            .await
            .map_err(|error| error.without_url().to_string())?;
        if sent.status().is_success() { Ok(()) } else { Err(format!("it answered {}", sent.status())) }
    }

    /// `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
    fn sign(&self, id: &str, now_s: i64, body: &str) -> String {
        let tag = hmac::sign(&self.key, format!("{id}.{now_s}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag.as_ref()))
    }
}

/// What sends them: follows no redirect, uses no proxy, tries once.
///
/// # Errors
/// When TLS cannot be set up.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .timeout(Duration::from_millis(limits::WEBHOOK_TIMEOUT_MS))
        .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference implementation.
    #[test]
    fn signature_is_that_of_standard_webhooks() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
        let url = "https://example.com".parse().expect("a URL");
        let sink = Webhook { name: "x".to_owned(), url, key: hmac::Key::new(hmac::HMAC_SHA256, &key) };
        let signature = sink.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
