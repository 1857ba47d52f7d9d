//! People sign in to the console: cookies, and the rows that they stand for.
//!
//! Somebody who is signed in is a row of the store, so that any gateway serves them and signing out ends it everywhere; the
//! browser holds 32 random bytes, and the row their SHA-256. Who they are is known for minutes ([`limits::SIGN_IN_FRESH_MS`]);
//! then the issuer is asked again, so a person who is disabled there is gone here too. A sign-in under way is kept in the
//! browser alone, sealed, because whoever can reach the port can begin one.
//!
//! Against a cookie set by a neighbour on the domain: the `__Host-` prefix (RFC 6265bis, section 4.1.3.2). Against fixation:
//! every sign-in makes a new row. Against a forged sign-in: the answer counts only in the browser that began it.

mod attestation;
mod cbor;
mod content;
mod passkey;
mod seal;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::aead::LessSafeKey;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evidence::passkey::RelyingParty;
use http::HeaderMap;
use http::header::COOKIE;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use url::Url;
use zeroize::Zeroizing;

pub use passkey::{NoPasskey, Registration, Shown};
pub use seal::NoRandomness;

use crate::clock::{Clock, micros};
use crate::identity::{Authenticator, Binding, NotSignedIn, SignedIn};
use crate::limits;
use crate::model::Principal;
use crate::store::sign_in as row;
use crate::store::{self, Db};
use content::{Begun, Kept};

/// The cookie of somebody who is signed in.
pub const COOKIE_NAME: &str = "__Host-countersign";
/// The cookie of a sign-in under way.
pub const BEGUN_COOKIE_NAME: &str = "__Host-countersign-sign-in";
/// Path that the issuer sends the browser back to.
pub const CALLBACK: &str = "/console/callback";

const BEGUN: &[u8] = b"countersign/1 sign-in under way";
const CSRF: &[u8] = b"countersign/1 csrf";

/// Signing in, out, and being signed in.
pub struct SignIns {
    db: Db,
    key: LessSafeKey,
    clock: Arc<dyn Clock>,
    redirect: Url,
    party: Option<RelyingParty>,
    redeeming: Semaphore,
    /// SHA-256 of the states of sign-ins that were redeemed, the latest last.
    redeemed: Mutex<VecDeque<[u8; 32]>>,
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Who.
    pub principal: Arc<Principal>,
    /// What every request that changes something must carry besides the cookie.
    pub csrf: String,
    /// When they signed in, microseconds since 1970.
    pub began: i64,
    /// When they have to sign in anew at the latest, microseconds since 1970.
    pub ends: i64,
}

/// What the browser is told: where to go, and what to keep.
#[derive(Debug)]
pub struct Errand {
    /// Where the browser goes.
    pub location: String,
    /// Values of `Set-Cookie`.
    pub cookies: Vec<String>,
}

/// What the issuer's answer says, from the query of the callback.
#[derive(Debug, Default)]
pub struct Callback<'a> {
    /// Which sign-in it answers.
    pub state: &'a str,
    /// To be redeemed.
    pub code: Option<&'a str>,
    /// Who answers (RFC 9207).
    pub iss: Option<&'a str>,
    /// Why there is no code.
    pub error: Option<&'a str>,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// No sign-in was begun in this browser, or too long ago.
    #[error("no sign-in is under way in this browser, or it took too long: sign in again")]
    Expired,
    /// The answer is to another sign-in.
    #[error("the answer belongs to another sign-in: sign in again")]
    State,
    /// The answer is another issuer's.
    #[error("the answer is another issuer's: sign in again")]
    OtherIssuer,
    /// The issuer, or the person, said no.
    #[error("the issuer says no")]
    Denied,
    /// The issuer's part failed.
    #[error(transparent)]
    Issuer(#[from] NotSignedIn),
    /// Nobody is signed in.
    #[error("nobody is signed in: sign in")]
    SignedOut,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// No randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

impl SignInError {
    /// A word for the page.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Expired | Self::SignedOut => "expired",
            Self::State => "state",
            Self::OtherIssuer | Self::Issuer(NotSignedIn::Issuer) => "issuer",
            Self::Denied | Self::Issuer(NotSignedIn::Refused) => "denied",
            Self::Issuer(NotSignedIn::Token(_)) => "token",
            Self::Issuer(NotSignedIn::Unavailable) | Self::Store(_) | Self::Randomness(_) => "unavailable",
        }
    }
}

impl SignInError {
    /// What the browser forgets: the sign-in under way, unless the answer belongs to another. Else any page could end it.
    pub fn cookies(&self) -> Vec<String> {
        if matches!(self, Self::Expired | Self::State) { Vec::new() } else { vec![forget_begun()] }
    }
}

impl SignIns {
    /// People sign in to the gateway at `public_url`; `key` comes from the keyring.
    pub fn new(db: Db, key: LessSafeKey, public_url: &Url, clock: Arc<dyn Clock>) -> Self {
        let mut redirect = public_url.clone();
        redirect.set_path(CALLBACK);
        let redeeming = Semaphore::new(limits::SIGN_INS_REDEEMED_MAX);
        let party = passkey::relying_party(public_url);
        Self { db, key, clock, redirect, party, redeeming, redeemed: Mutex::default() }
    }

    /// The website that passkeys are for. `None`: browsers have none for addresses of numbers.
    pub fn relying_party(&self) -> Option<&RelyingParty> {
        self.party.as_ref()
    }

    /// Begins a sign-in at `issuer`; then the browser goes to `then`.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn begin(
        &self,
        issuers: &Authenticator,
        issuer: &str,
        then: &str,
        hint: Option<&str>,
    ) -> Result<Errand, SignInError> {
        let text = || seal::random::<32>().map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        let begun = Begun {
            issuer: issuer.to_owned(),
            state: text()?,
            nonce: text()?,
            verifier: text()?,
            then: landing(then).to_owned(),
            until: self.now() + micros(limits::SIGN_IN_UNDER_WAY_MS),
        };
        let location = issuers.sign_in_at(issuer, self.binding(&begun), hint).await?;
        let content = Zeroizing::new(serde_json::to_vec(&begun).unwrap_or_default());
        let sealed = URL_SAFE_NO_PAD.encode(seal::seal(&self.key, BEGUN, &content)?);
        let seconds = limits::SIGN_IN_UNDER_WAY_MS / 1_000;
        let cookie = format!("{BEGUN_COOKIE_NAME}={sealed}; {ATTRIBUTES}; Max-Age={seconds}");
        Ok(Errand { location: location.into(), cookies: vec![cookie] })
    }

    /// Takes the issuer's answer.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn finish(
        &self,
        issuers: &Authenticator,
        headers: &HeaderMap,
        callback: &Callback<'_>,
    ) -> Result<Errand, SignInError> {
        let begun = self.begun(headers).ok_or(SignInError::Expired)?;
        if !bool::from(begun.state.as_bytes().ct_eq(callback.state.as_bytes())) {
            return Err(SignInError::State);
        }
        if !issuers.answers_for(&begun.issuer, callback.iss).await? {
            return Err(SignInError::OtherIssuer);
        }
        let Some(code) = callback.code.filter(|_| callback.error.is_none()) else {
            return Err(SignInError::Denied);
        };
        let signed_in = self.redeem(issuers, &begun, code).await?;
        let secret = Zeroizing::new(seal::random::<32>()?);
        let id: [u8; 32] = Sha256::digest(*secret).into();
        let now = self.now();
        let kept = Kept::of(&signed_in);
        let mut sign_in = row::SignIn {
            id,
            began: now,
            fresh_until: fresh_until(now, &signed_in),
            ends: now + micros(limits::SIGN_IN_MS),
            turn: 0,
            sealed: Vec::new(),
        };
        sign_in.sealed = self.seal(&sign_in, &kept)?;
        // A row that this browser had before is another sign-in: it ends here.
        let before = cookie(headers, COOKIE_NAME).map(|secret| hash(&secret));
        self.db
            .write("sign in", move |tx| {
                row::forget(tx, now)?;
                if let Some(before) = &before {
                    row::remove(tx, before)?;
                }
                row::insert(tx, &sign_in)
            })
            .await?;
        let seconds = limits::SIGN_IN_MS / 1_000;
        let value = URL_SAFE_NO_PAD.encode(*secret);
        Ok(Errand {
            location: begun.then,
            cookies: vec![format!("{COOKIE_NAME}={value}; {ATTRIBUTES}; Max-Age={seconds}"), forget_begun()],
        })
    }

    /// Redeems a code: few at once, and of one sign-in once. Whoever can reach the port can send codes, and each is a
    /// request to the issuer with our credentials.
    async fn redeem(
        &self,
        issuers: &Authenticator,
        begun: &Begun,
        code: &str,
    ) -> Result<SignedIn, SignInError> {
        if !self.is_first(hash(begun.state.as_bytes())) {
            return Err(SignInError::Expired);
        }
        let asked = async {
            let _turn = self.redeeming.acquire().await.map_err(|_| NotSignedIn::Unavailable)?;
            issuers.redeem(&begun.issuer, code, self.binding(begun)).await
        };
        let asked = tokio::time::timeout(Duration::from_millis(limits::SIGN_IN_REDEEM_MS), asked).await;
        Ok(asked.unwrap_or(Err(NotSignedIn::Unavailable))?)
    }

    fn is_first(&self, state: [u8; 32]) -> bool {
        let mut redeemed = self.redeemed.lock().unwrap_or_else(PoisonError::into_inner);
        if redeemed.contains(&state) {
            return false;
        }
        if redeemed.len() == limits::SIGN_INS_REMEMBERED_MAX {
            redeemed.pop_front();
        }
        redeemed.push_back(state);
        true
    }

    /// Who is signed in, by the cookie of a request; the issuer is asked again when it is time.
    ///
    /// # Errors
    /// [`SignInError::SignedOut`], and when it cannot be told.
    pub async fn visit(
        self: &Arc<Self>,
        issuers: &Arc<Authenticator>,
        headers: &HeaderMap,
    ) -> Result<Visit, SignInError> {
        let secret = cookie(headers, COOKIE_NAME).ok_or(SignInError::SignedOut)?;
        let id = hash(&secret);
        let mut found = self.find(&id).await?;
        let mut looks = limits::SIGN_IN_LOOKS_MAX;
        while self.now() >= found.fresh_until {
            if looks == 0 {
                return Err(NotSignedIn::Unavailable.into());
            }
            looks -= 1;
            let (this, issuers) = (self.clone(), issuers.clone());
            // In a task of its own: who hangs up must not lose the refresh token that the issuer gave for the last one.
            let renewal = tokio::spawn(async move { this.renew(&issuers, found).await });
            found = renewal.await.map_err(|_| NotSignedIn::Unavailable)??;
        }
        let kept = self.open(&found).ok_or(SignInError::SignedOut)?;
        Ok(Visit {
            principal: Arc::new(kept.principal()),
            csrf: csrf(&secret),
            began: found.began,
            ends: found.ends,
        })
    }

    /// Signs out; answers where the issuer ends its own session.
    ///
    /// # Errors
    /// [`SignInError::Store`].
    pub async fn end(&self, issuers: &Authenticator, headers: &HeaderMap) -> Result<Errand, SignInError> {
        let mut location = String::new();
        if let Some(secret) = cookie(headers, COOKIE_NAME) {
            let id = hash(&secret);
            if let Some(kept) = self.find(&id).await.ok().and_then(|found| self.open(&found)) {
                let mut back = self.redirect.clone();
                back.set_path("/console/");
                let there = issuers.sign_out_at(kept.issuer(), &kept.id_token(), &back);
                location = there.map(String::from).unwrap_or_default();
            }
            self.db.write("sign out", move |tx| row::remove(tx, &id)).await?;
        }
        let gone = format!("{COOKIE_NAME}=; {ATTRIBUTES}; Max-Age=0");
        Ok(Errand { location, cookies: vec![gone, forget_begun()] })
    }

    async fn find(&self, id: &[u8; 32]) -> Result<row::SignIn, SignInError> {
        let key = *id;
        let found = self.db.read("sign-in", move |read| row::find(read, &key)).await?;
        found.filter(|found| self.now() < found.ends).ok_or(SignInError::SignedOut)
    }

    /// Asks the issuer, or waits for the gateway that does.
    async fn renew(&self, issuers: &Authenticator, found: row::SignIn) -> Result<row::SignIn, SignInError> {
        let before = self.open(&found).ok_or(SignInError::SignedOut)?;
        let (id, turn, now) = (found.id, found.turn, self.now());
        let Some(refresh) = before.refresh() else {
            self.db.write("sign out", move |tx| row::remove(tx, &id)).await?;
            return Err(SignInError::SignedOut);
        };
        let stale = now - micros(limits::SIGN_IN_CLAIM_MS);
        if !self.db.write("claim sign-in", move |tx| row::claim(tx, &id, turn, now, stale)).await? {
            // A refresh token can be used once: whoever claimed it brings the news.
            tokio::time::sleep(Duration::from_millis(limits::SIGN_IN_LOOK_MS)).await;
            return self.find(&id).await;
        }
        let renewed = match issuers.renew(before.issuer(), &refresh).await {
            Ok(renewed) => renewed,
            Err(NotSignedIn::Unavailable) => {
                self.db.write("release sign-in", move |tx| row::release(tx, &id, turn)).await?;
                return Err(NotSignedIn::Unavailable.into());
            }
            Err(refused) => {
                tracing::info!(%refused, "a sign-in has ended");
                self.db.write("sign out", move |tx| row::remove(tx, &id)).await?;
                return Err(SignInError::SignedOut);
            }
        };
        let kept = Kept::of(&renewed).or_refresh(&before);
        if !kept.is(&before) {
            self.db.write("sign out", move |tx| row::remove(tx, &id)).await?;
            return Err(SignInError::SignedOut);
        }
        let fresh_until = fresh_until(self.now(), &renewed).min(found.ends);
        let mut next = row::SignIn { fresh_until, ..found };
        next.sealed = self.seal(&next, &kept)?;
        let kept = next.clone();
        if !self.db.write("renew sign-in", move |tx| row::renew(tx, &kept)).await? {
            return Err(SignInError::SignedOut);
        }
        Ok(row::SignIn { turn: turn + 1, ..next })
    }

    fn begun(&self, headers: &HeaderMap) -> Option<Begun> {
        let sealed = cookie(headers, BEGUN_COOKIE_NAME)?;
        let begun: Begun = serde_json::from_slice(&seal::open(&self.key, BEGUN, &sealed)?).ok()?;
        (self.now() < begun.until).then_some(begun)
    }

    fn seal(&self, row: &row::SignIn, kept: &Kept) -> Result<Vec<u8>, NoRandomness> {
        let content = Zeroizing::new(serde_json::to_vec(kept).unwrap_or_default());
        seal::seal(&self.key, &purpose(row), &content)
    }

    fn open(&self, found: &row::SignIn) -> Option<Kept> {
        serde_json::from_slice(&seal::open(&self.key, &purpose(found), &found.sealed)?).ok()
    }

    fn binding<'a>(&'a self, begun: &'a Begun) -> Binding<'a> {
        Binding {
            state: &begun.state,
            nonce: &begun.nonce,
            verifier: &begun.verifier,
            redirect: &self.redirect,
        }
    }

    /// Microseconds since 1970.
    fn now(&self) -> i64 {
        self.clock.now().as_microsecond()
    }
}

/// What the content of a row is bound to: whoever writes to the database prolongs no sign-in.
fn purpose(row: &row::SignIn) -> Vec<u8> {
    let times = [row.began, row.fresh_until, row.ends].map(i64::to_be_bytes);
    [&row.id[..], times.as_flattened()].concat()
}

/// `Lax`: links from a chat to an approval must find the browser signed in; what changes something carries a token too.
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";

fn forget_begun() -> String {
    format!("{BEGUN_COOKIE_NAME}=; {ATTRIBUTES}; Max-Age=0")
}

/// Where a browser may be sent after signing in: below `/console/`, in characters that no parser of URLs reads as another
/// host or scheme. Anything else is the console's first page.
fn landing(then: &str) -> &str {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-_.~?&=%+:,@".contains(&b);
    let fits = then.strip_prefix("/console/").is_some_and(|rest| {
        rest.len() <= limits::RETURN_BYTES_MAX && rest.bytes().all(plain) && !rest.contains("..")
    });
    let loops = then.starts_with("/console/sign-") || then.starts_with(CALLBACK);
    if fits && !loops { then } else { "/console/" }
}

/// Minutes where the issuer can be asked again; else as long as its word says.
fn fresh_until(now: i64, signed_in: &SignedIn) -> i64 {
    let expires = signed_in.principal.expires.as_microsecond();
    let asked = if signed_in.refresh.is_some() { limits::SIGN_IN_FRESH_MS } else { limits::SIGN_IN_MS };
    // At least a little: an issuer whose tokens have expired when they arrive would be asked with every request.
    expires.min(now + micros(asked)).max(now + micros(limits::SIGN_IN_LOOK_MS))
}

/// The value of a cookie of ours. Two of one name prove nothing: one of them is somebody else's.
fn cookie(headers: &HeaderMap, name: &str) -> Option<Zeroizing<Vec<u8>>> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut found = pairs
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(found, _)| *found == name);
    let (_, value) = found.next()?;
    let once = found.next().is_none() && value.len() <= limits::COOKIE_BYTES_MAX;
    once.then(|| URL_SAFE_NO_PAD.decode(value).ok()).flatten().map(Zeroizing::new)
}

/// Whether a request brings the cookie of somebody signed in, valid or not.
pub fn is_visit(headers: &HeaderMap) -> bool {
    cookie(headers, COOKIE_NAME).is_some()
}

fn hash(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Derived from what the browser holds: nothing to store, and of no use for anybody else.
fn csrf(secret: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    URL_SAFE_NO_PAD.encode(hmac::sign(&key, CSRF).as_ref())
}

/// Whether `token` is the one that the page of this request's cookie was given, valid or not.
pub fn carries(headers: &HeaderMap, token: &str) -> bool {
    let expected = cookie(headers, COOKIE_NAME).map(|secret| csrf(&secret));
    expected.is_some_and(|expected| expected.as_bytes().ct_eq(token.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browser_is_sent_nowhere_but_into_the_console() {
        let check = |then: &str, expected: &str| assert_eq!(landing(then), expected, "{then}");
        check("/console/", "/console/");
        check("/console/approvals/1?tab=votes", "/console/approvals/1?tab=votes");
        for hostile in [
            "",
            "https://evil.example/console/",
            "//evil.example/console/",
            "/console",
            "/console/../mcp/up",
            "/console/\\evil.example",
            "/console/\u{202e}",
            "/console/a b",
            "/console/a\r\nset-cookie: x=y",
            "/console/callback?code=1",
            "/console/sign-in?issuer=demo",
            "/console/sign-out",
            "/api/v1/me",
        ] {
            check(hostile, "/console/");
        }
    }

    #[test]
    fn cookie_that_comes_twice_is_none() {
        let headers = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(COOKIE, value.parse().expect("a header value"));
            }
            headers
        };
        let found = |values: &[&str]| cookie(&headers(values), COOKIE_NAME).map(|value| value.to_vec());
        assert_eq!(found(&["a=b; __Host-countersign=AAEC; c=d"]), Some(vec![0, 1, 2]));
        assert_eq!(found(&["__Host-countersign=AAEC", "__Host-countersign=AAED"]), None);
        assert_eq!(found(&["__host-countersign=AAEC; countersign=AAEC"]), None);
        assert_eq!(found(&["__Host-countersign=A!"]), None);
    }
}
