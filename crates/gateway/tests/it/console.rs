//! The console: people sign in, are signed in as long as their issuer says so, and no other page acts for them.

mod coverage;
mod ending;
mod killed;
mod look;
mod passkey;
mod publish;
mod several;
mod sign_in;

use std::net::SocketAddr;

use fixture::issuer::Client;
use fixture::loopback::Running as Fixture;
use fixture::probe::{Probe, Response, request};
use fixture::recorder::{Recorder, echo};
use serde_json::Value;

use crate::harness::{Harness, Site, http};

/// Operations looks after the gateway, security audits it; calls of `effect` are held.
pub(super) const POLICIES: &str = r#"
    @id("rest") permit (principal, action in [Action::"session", Action::"list", Action::"tell"], resource);
    @id("call") permit (principal, action == Action::"tools/call", resource)
    unless { resource.name == "effect" };
    @id("held") @approvers("operations") permit (principal, action == Action::"tools/call", resource)
    when { resource.name == "effect" && context.approval.granted };
    @id("approvers") permit (principal in Group::"operations", action in Action::"approver", resource);
    @id("administrators") permit (principal in Group::"operations", action in Action::"administrator", resource is Gateway);
    @id("auditors") permit (principal in Group::"security", action in Action::"auditor", resource);
    @id("viewers") permit (principal in Group::"support", action in Action::"viewer", resource is Gateway);
"#;

/// A gateway with a console in front of an upstream that answers.
pub(super) struct Setup {
    pub(super) gateway: Harness,
    upstream: Fixture,
}

pub(super) async fn setup() -> Setup {
    setup_with(3600, |text| text).await
}

/// The same with a changed configuration, and an issuer whose tokens live so many seconds.
pub(super) async fn setup_with(token_seconds: u64, edit: impl FnOnce(String) -> String) -> Setup {
    setup_at("http://127.0.0.1", POLICIES, token_seconds, edit).await
}

/// The same, known by another name (scheme and host), with policies of one's own.
pub(super) async fn setup_at(
    name: &str,
    policies: &str,
    token_seconds: u64,
    edit: impl FnOnce(String) -> String,
) -> Setup {
    let upstream = Recorder::new(echo).start().await.expect("an upstream");
    let site = site_of(&upstream, (name, policies), token_seconds).await;
    site.edit(edit);
    Setup { gateway: Harness::at(site).await, upstream }
}

/// What a gateway with a console needs.
pub(super) async fn site_of(upstream: &Fixture, (name, policies): (&str, &str), token_seconds: u64) -> Site {
    let client = |base: &str| {
        vec![Client {
            id: "console".to_owned(),
            secret: Some("console-secret".to_owned()),
            redirect_uris: vec![format!("{base}/console/callback")],
        }]
    };
    let site = Site::with_clients(name, &http(upstream), policies, token_seconds, client).await;
    std::fs::write(site.directory.path().join("console.secret"), "console-secret").expect("written");
    site.edit(|text| {
        let console = "      console:\n        client_id: console\n        client_secret: { file: console.secret }\n\
                       policy:";
        text.replacen("policy:", console, 1)
    });
    site
}

/// A browser, as far as it matters here: cookies and where it is sent.
#[derive(Default)]
pub(super) struct Browser {
    cookies: Vec<(String, String)>,
}

impl Browser {
    /// Asks the gateway. `more` comes on top of what browsers send from the console's own page.
    pub(super) async fn ask(
        &mut self,
        setup: &Setup,
        method: &str,
        path: &str,
        more: &[(&str, &str)],
        body: &Value,
    ) -> Response {
        let (address, host) = (setup.gateway.address(), setup.gateway.site.host().to_owned());
        self.ask_at(address, &host, (method, path), more, body).await
    }

    /// The same at one of several gateways, which all go by the name `host`.
    async fn ask_at(
        &mut self,
        address: SocketAddr,
        host: &str,
        (method, path): (&str, &str),
        more: &[(&str, &str)],
        body: &Value,
    ) -> Response {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut fields = vec![("host", host)];
        if !cookies.is_empty() {
            fields.push(("cookie", &cookies));
        }
        if !more.iter().any(|(name, _)| *name == "sec-fetch-site") {
            fields.push(("sec-fetch-site", "same-origin"));
        }
        fields.extend_from_slice(more);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut probe = Probe::connect(address).await.expect("a connection");
        probe.send(&request(method, path, &fields, body.as_bytes())).await.expect("sent");
        let response = probe.response().await.expect("an answer");
        self.keep(&response);
        response
    }

    pub(super) async fn get(&mut self, setup: &Setup, path: &str) -> Response {
        self.ask(setup, "GET", path, &[], &Value::Null).await
    }

    /// Posts as the page does, with its token.
    pub(super) async fn post(&mut self, setup: &Setup, path: &str, body: &Value) -> Response {
        let token = self.csrf(setup).await;
        self.ask(setup, "POST", path, &[("x-csrf-token", &token)], body).await
    }

    pub(super) async fn csrf(&mut self, setup: &Setup) -> String {
        let me = self.get(setup, "/api/v1/me").await.json().expect("JSON");
        me["csrf"].as_str().unwrap_or_default().to_owned()
    }

    /// Signs in as `person`; where the browser ends up.
    pub(super) async fn sign_in(&mut self, setup: &Setup, person: &str) -> String {
        let begun = self.get(setup, &format!("/console/sign-in?hint={person}&return=/console/log")).await;
        let callback = self.at_issuer(&location(&begun)).await;
        location(&self.get(setup, &callback).await)
    }

    /// Goes to the issuer; where it sends the browser, as a path.
    pub(super) async fn at_issuer(&mut self, place: &str) -> String {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build();
        let answer = http.expect("a client").get(place).send().await.expect("an answer");
        let to = answer.headers().get("location").expect("a redirect").to_str().expect("text");
        let url: url::Url = to.parse().expect("a URL");
        format!("{}?{}", url.path(), url.query().unwrap_or_default())
    }

    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.cookies.retain(|(known, _)| known != name);
        if !value.is_empty() {
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
    }

    fn keep(&mut self, response: &Response) {
        for cookie in response
            .head
            .fields()
            .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
            .map(|(_, value)| value)
        {
            let (pair, attributes) = cookie.split_once(';').expect("attributes");
            for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
                assert!(attributes.contains(attribute), "{cookie}");
            }
            let (name, value) = pair.split_once('=').expect("a pair");
            assert!(name.starts_with("__Host-"), "{cookie}");
            self.set(name, value);
        }
    }
}

/// Where an answer sends the browser.
pub(super) fn location(response: &Response) -> String {
    response.head.field("location").expect("a redirect").to_owned()
}

impl Setup {
    pub(super) async fn finish(self) {
        self.gateway.finish().await;
        self.upstream.stop().await.expect("an orderly end");
    }
}
