//! The gateway as a relying party: people sign in to the console at their issuer.
//!
//! Specifications: `OpenID` Connect Core 1.0 (code flow, section 3.1; ID tokens, section 3.1.3.7; refresh, section 12), RFC
//! 7636 (PKCE, always), RFC 9207 (`iss` in the answer, against mix-up), RFC 9700 (best practice), RP-Initiated Logout 1.0.
//! What a code or a token is, only the issuer that the sign-in began at says: its endpoint, its keys, its `iss`.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::claim::SignInExpectation;
use super::issuer::{Issuer, Published};
use super::token::Token;
use super::{Authenticator, Reason, json, verify_signature};
use crate::config;
use crate::limits;
use crate::model::{Principal, TokenId};
use crate::secret::SecretSource;

/// How an issuer knows the gateway.
pub(super) struct Client {
    id: String,
    secret: Option<SecretSource>,
    /// Held while the secret is read: a source that hangs takes one thread, however many sign in.
    known: Arc<Mutex<Option<(Instant, SecretString)>>>,
    scopes: String,
    accounts: Vec<config::Account>,
}

/// What one sign-in is bound to. All but the code verifier travels through the browser.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// Tells the browser's answer from somebody else's.
    pub state: &'a str,
    /// Binds the ID token to this sign-in.
    pub nonce: &'a str,
    /// Proves at the token endpoint who began it.
    pub verifier: &'a str,
    /// Where the issuer sends the browser back to.
    pub redirect: &'a Url,
}

/// Somebody who signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// Who.
    pub principal: Principal,
    /// With what the issuer is asked whether they still are; absent where it gives none.
    pub refresh: Option<SecretString>,
    /// What the issuer is told when they sign out.
    pub id_token: SecretString,
}

/// Why nobody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSignedIn {
    /// No such issuer, or one that the console does not use.
    #[error("there is no such issuer to sign in at")]
    Issuer,
    /// The issuer cannot be reached, or does not say where to sign in.
    #[error("the issuer cannot be reached: try again")]
    Unavailable,
    /// The issuer refused the code, or does not renew the sign-in any more.
    #[error("the issuer says no")]
    Refused,
    /// What the issuer said does not prove who it is.
    #[error("the issuer's answer proves nobody")]
    Token(Reason),
}

impl Client {
    pub(super) fn new(console: &config::ConsoleClient) -> Self {
        Self {
            id: console.client_id.clone(),
            secret: console.client_secret.clone(),
            known: Arc::default(),
            scopes: console.scopes.join(" "),
            accounts: console.accounts.clone(),
        }
    }

    /// The secret, read again and again: it may be rotated.
    async fn secret(&self) -> Result<Option<SecretString>, NotSignedIn> {
        let Some(source) = self.secret.clone() else { return Ok(None) };
        let known = self.known.clone();
        let read = async move {
            let mut known = known.lock_owned().await;
            let fresh = Duration::from_millis(limits::CLIENT_SECRET_FRESH_MS);
            if let Some((at, secret)) = &*known
                && at.elapsed() < fresh
            {
                return Some(secret.clone());
            }
            let read = tokio::task::spawn_blocking(move || {
                let secret = source.read().inspect_err(|error| {
                    tracing::error!(%error, "the secret of the console's client cannot be read");
                });
                *known = secret.ok().map(|secret| (Instant::now(), secret));
                known.as_ref().map(|(_, secret)| secret.clone())
            });
            read.await.ok().flatten()
        };
        let read = tokio::time::timeout(Duration::from_millis(limits::CLIENT_SECRET_MS), read).await;
        let read = read.inspect_err(|_| tracing::error!("the secret of the console's client takes too long"));
        read.ok().flatten().map(Some).ok_or(NotSignedIn::Unavailable)
    }
}

/// Whether the gateway takes an issuer's word for who may see and decide held calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Yes.
    Given,
    /// No: its group may only have the name of one that decides.
    Withheld,
}

impl Authenticator {
    /// Names of the issuers at which people sign in to the console, and the accounts offered with one click.
    pub fn sign_in_issuers(&self) -> impl Iterator<Item = (&str, &[config::Account])> {
        self.issuers.iter().filter_map(|issuer| Some((&*issuer.name, &*issuer.client.as_ref()?.accounts)))
    }

    /// Names of the issuers whose tokens count.
    pub fn issuers(&self) -> impl Iterator<Item = &str> {
        self.issuers.iter().map(|issuer| &*issuer.name)
    }

    /// Whether anybody can have a role in the gateway itself.
    pub fn has_roles(&self) -> bool {
        self.key_mode == config::ServiceKeys::Accepted || self.sign_in_issuers().next().is_some()
    }

    /// Whether an issuer's word about groups counts for roles in the gateway itself: one at which people sign in to the
    /// console, or the gateway's own service keys. A group of another issuer may have the same name.
    pub fn gives_roles(&self, issuer: &str) -> bool {
        issuer == super::SERVICE_KEY_ISSUER || self.sign_in_issuers().any(|(name, _)| name == issuer)
    }

    /// Whether an issuer's word about groups counts for held calls: of one that gives roles. Where nobody signs in to
    /// the console, that of the only issuer; one of several must be named by giving it `console`.
    pub fn trust(&self, issuer: &str) -> Trust {
        let only = self.issuers.len() == 1 && self.sign_in_issuers().next().is_none();
        let counts = self.gives_roles(issuer) || (only && self.issuers[0].name == issuer);
        if counts { Trust::Given } else { Trust::Withheld }
    }

    /// Where the browser goes to sign in at `issuer`.
    ///
    /// # Errors
    /// [`NotSignedIn`].
    pub async fn sign_in_at(
        &self,
        issuer: &str,
        binding: Binding<'_>,
        hint: Option<&str>,
    ) -> Result<Url, NotSignedIn> {
        let (issuer, client) = self.relied_on(issuer)?;
        let published = issuer.published().await.ok_or(NotSignedIn::Unavailable)?;
        if self.has_several() && !published.names_itself {
            tracing::error!(
                issuer = issuer.name,
                "nobody can sign in here: beside another issuer with `console`, an issuer must say who answers \
                 (RFC 9207, `authorization_response_iss_parameter_supported`); leave `console` to one of them"
            );
            return Err(NotSignedIn::Issuer);
        }
        let mut url = published.authorization.clone().ok_or(NotSignedIn::Unavailable)?;
        let challenge = base64_url(&Sha256::digest(binding.verifier));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &client.id)
            .append_pair("redirect_uri", binding.redirect.as_str())
            .append_pair("scope", &client.scopes)
            .append_pair("state", binding.state)
            .append_pair("nonce", binding.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .extend_pairs(hint.map(|hint| ("login_hint", hint)));
        Ok(url)
    }

    /// Whether an answer that names `iss` may be that of `issuer` (RFC 9207). One that names none may, unless the issuer
    /// says that it always does.
    pub async fn answers_for(&self, issuer: &str, iss: Option<&str>) -> Result<bool, NotSignedIn> {
        let (issuer, _) = self.relied_on(issuer)?;
        let published = issuer.published().await.ok_or(NotSignedIn::Unavailable)?;
        let may_be_absent = !published.names_itself && !self.has_several();
        Ok(iss.map_or(may_be_absent, |iss| iss == published.identifier))
    }

    /// Whether people sign in at several issuers. All send the browser back to one place, so each must say who answers.
    fn has_several(&self) -> bool {
        self.sign_in_issuers().nth(1).is_some()
    }

    /// Redeems a code.
    ///
    /// # Errors
    /// [`NotSignedIn`].
    pub async fn redeem(
        &self,
        issuer: &str,
        code: &str,
        binding: Binding<'_>,
    ) -> Result<SignedIn, NotSignedIn> {
        let (issuer, client) = self.relied_on(issuer)?;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", binding.redirect.as_str()),
            ("code_verifier", binding.verifier),
        ];
        self.ask(issuer, client, &fields, Some(binding.nonce)).await
    }

    /// Asks the issuer whether somebody is still who they were.
    ///
    /// # Errors
    /// [`NotSignedIn`].
    pub async fn renew(&self, issuer: &str, refresh: &SecretString) -> Result<SignedIn, NotSignedIn> {
        let (issuer, client) = self.relied_on(issuer)?;
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh.expose_secret())];
        self.ask(issuer, client, &fields, None).await
    }

    /// Where the browser goes so that the issuer ends its session too.
    pub fn sign_out_at(&self, issuer: &str, id_token: &SecretString, back: &Url) -> Option<Url> {
        let (issuer, client) = self.relied_on(issuer).ok()?;
        let mut url = issuer.current(self.clock.now())?.end_session.clone()?;
        url.query_pairs_mut()
            .append_pair("client_id", &client.id)
            .append_pair("id_token_hint", id_token.expose_secret())
            .append_pair("post_logout_redirect_uri", back.as_str());
        Some(url)
    }

    fn relied_on(&self, name: &str) -> Result<(&Issuer, &Client), NotSignedIn> {
        let issuer = self.issuers.iter().find(|issuer| issuer.name == name).ok_or(NotSignedIn::Issuer)?;
        Ok((issuer, issuer.client.as_ref().ok_or(NotSignedIn::Issuer)?))
    }

    async fn ask(
        &self,
        issuer: &Issuer,
        client: &Client,
        fields: &[(&str, &str)],
        nonce: Option<&str>,
    ) -> Result<SignedIn, NotSignedIn> {
        let published = issuer.published().await.ok_or(NotSignedIn::Unavailable)?;
        let endpoint = published.token.as_ref().ok_or(NotSignedIn::Unavailable)?;
        let secret = client.secret().await?;
        let id = secret.is_none().then_some(("client_id", &*client.id));
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .extend_pairs(id)
            .finish();
        let basic = secret.as_ref().map(|secret| basic(&client.id, secret));
        let answered = issuer.post(endpoint, form, basic).await;
        let (status, body) = answered.map_err(|error| {
            tracing::warn!(issuer = issuer.name, %error, "cannot ask the issuer about a sign-in");
            NotSignedIn::Unavailable
        })?;
        match status {
            200 => {}
            // RFC 6749, section 5.2.
            400 | 401 | 403 => return Err(NotSignedIn::Refused),
            _ => return Err(NotSignedIn::Unavailable),
        }
        let answer = json::object(&body).ok_or(NotSignedIn::Token(Reason::Malformed))?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str);
        // A renewal without it would leave open whether groups have changed.
        let id_token = text("id_token").ok_or(NotSignedIn::Token(Reason::Missing))?;
        let principal = prove(issuer, client, id_token, nonce, self.clock.now()).await;
        Ok(SignedIn {
            principal: principal.map_err(NotSignedIn::Token)?,
            refresh: text("refresh_token").map(SecretString::from),
            id_token: SecretString::from(id_token),
        })
    }
}

/// `OpenID` Connect Core 1.0, section 3.1.3.7.
async fn prove(
    issuer: &Issuer,
    client: &Client,
    id_token: &str,
    nonce: Option<&str>,
    now: Timestamp,
) -> Result<Principal, Reason> {
    let token = Token::parse(id_token)?;
    if !issuer.algorithms.contains(&token.algorithm) {
        return Err(Reason::Algorithm);
    }
    let published: std::sync::Arc<Published> = verify_signature(issuer, &token).await?;
    if token.issuer() != Some(&published.identifier) {
        return Err(Reason::Issuer);
    }
    let hash: [u8; 32] = Sha256::digest(id_token).into();
    let expected = SignInExpectation {
        issuer: &issuer.name,
        identifier: &published.identifier,
        client: &client.id,
        nonce,
        profile: token.profile,
        now,
        token: TokenId::of(&hash),
    };
    issuer.claims.identify_signed_in(&token.claims, &expected)
}

/// RFC 6749, section 2.3.1: both parts are form-encoded first.
fn basic(id: &str, secret: &SecretString) -> SecretString {
    use base64::Engine as _;
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = zeroize::Zeroizing::new(format!("{}:{}", encode(id), encode(secret.expose_secret())));
    SecretString::from(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(&*pair)))
}

fn base64_url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
