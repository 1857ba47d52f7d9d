//! How people sign in to the console: the gateway as an application that an issuer knows.

use serde::Deserialize;

use crate::secret::SecretSource;

/// The gateway as an application of an OpenID Connect issuer. Its redirect address is `<public_url>/console/callback`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleClient {
    /// What the issuer calls the application (`client_id`).
    pub client_id: String,
    /// Its secret. Absent: a public client, which proves itself by PKCE alone.
    #[serde(default)]
    pub client_secret: Option<SecretSource>,
    /// Scopes asked for. `openid` must be among them; many issuers renew a sign-in only with `offline_access`.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// Accounts that the sign-in page offers with one click: for demonstrations.
    #[serde(default)]
    pub accounts: Vec<Account>,
}

/// An account that is offered with one click.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// What the issuer is told (`login_hint`).
    pub login: String,
    /// What people see.
    pub label: String,
}

fn scopes() -> Vec<String> {
    ["openid", "profile", "email"].map(str::to_owned).to_vec()
}
