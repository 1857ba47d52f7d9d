//! A running gateway, asked through its API with the right of whoever asks and no other.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

use crate::approval::clean;
use crate::limits;

/// Time the gateway has to answer.
const ANSWER: Duration = Duration::from_secs(30);

/// Where the gateway is, and who asks.
#[derive(Debug, clap::Args)]
pub(super) struct Gateway {
    /// The gateway's public URL.
    #[arg(long, value_name = "URL", env = "COUNTERSIGN_URL")]
    url: Url,
    /// File with an access token for `<URL>/api`. Without it the token is read from `COUNTERSIGN_TOKEN`.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The token itself, from the environment: arguments are seen by everybody on the machine.
    #[arg(long, env = "COUNTERSIGN_TOKEN", hide_env_values = true, hide = true)]
    token: Option<String>,
    /// JSON as the gateway sent it.
    #[arg(long)]
    json: bool,
}

impl Gateway {
    pub(super) async fn ask(&self, path: &str, mut body: Option<Value>) -> anyhow::Result<Value> {
        if let Some(Value::Object(members)) = &mut body {
            members.retain(|_, value| !value.is_null());
        }
        let token = self.token()?;
        let url = format!("{}/api/v1/{path}", self.url.as_str().trim_end_matches('/'));
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ANSWER)
            .build()
            .context("cannot make requests")?;
        let request = match &body {
            None => client.get(&url),
            Some(body) => client.post(&url).json(body),
        };
        let answer = request
            .bearer_auth(token.expose_secret())
            .send()
            .await
            .map_err(|error| anyhow::anyhow!("the gateway cannot be reached: {}", error.without_url()))?;
        let status = answer.status();
        let value: Value = answer.json().await.unwrap_or_default();
        if status.is_success() {
            return Ok(value);
        }
        let detail = value["detail"].as_str().or(value["error"]["message"].as_str());
        bail!("{} ({status})", detail.map_or_else(|| "the gateway refused".to_owned(), clean))
    }

    fn token(&self) -> anyhow::Result<SecretString> {
        let text = match &self.token_file {
            Some(file) => std::fs::read_to_string(file)
                .with_context(|| format!("cannot read the token in `{}`", file.display()))?,
            None => self
                .token
                .clone()
                .context("there is no token: set COUNTERSIGN_TOKEN, or give `--token-file`")?,
        };
        let text = text.trim();
        if text.is_empty() || text.len() > limits::TOKEN_BYTES_MAX {
            bail!("the token is empty, or longer than any token is");
        }
        Ok(text.into())
    }

    pub(super) fn print(
        &self,
        value: &Value,
        people: impl Fn(&mut dyn Write, &Value) -> std::io::Result<()>,
    ) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if self.json {
            writeln!(out, "{value}")?;
        } else {
            people(&mut out, value)?;
        }
        Ok(())
    }
}

/// Runs a command that asks a gateway.
pub(super) fn wait<T>(asking: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(asking)
}

/// A text as the gateway escaped it. Escaped again if it holds what a terminal would act upon: the gateway may not be one.
pub(super) fn word(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.chars().any(char::is_control) => clean(text),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
