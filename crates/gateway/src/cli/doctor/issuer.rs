//! Issuers: whether their keys can be had, and what time it is there.

use std::sync::Arc;

use super::finding::{Fault, Finding};
use crate::clock::Clock;
use crate::config::Config;
use crate::identity::{Authenticator, IssuerState, ServiceKeys};

pub(super) async fn examine(config: &Config, clock: Arc<dyn Clock>, findings: &mut Vec<Finding>) {
    // The seal only matters for reading keys, which nothing here does.
    let seal = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &[0; 32]);
    let keys = Arc::new(ServiceKeys::new(seal));
    let authenticator =
        match Authenticator::new(&config.identity, &config.servers, &config.listen.public_url, keys, clock) {
            Ok(authenticator) => authenticator,
            Err(error) => {
                let advice = "correct `identity` in the configuration";
                findings.push(Finding::wrong("identity", Fault::Setup, error.to_string(), advice));
                return;
            }
        };
    authenticator.refresh().await;
    for health in authenticator.health() {
        let what = format!("keys of issuer `{}`", health.name);
        let problem = health.problem.as_deref().unwrap_or("they cannot be fetched");
        let advice = "try its address with curl from this machine; until it answers with usable keys, its tokens are refused";
        findings.push(match health.state {
            IssuerState::Ready => Finding::good(what, None),
            IssuerState::Stale => Finding::doubtful(what, Fault::Issuer, problem, advice),
            IssuerState::Unavailable => Finding::wrong(what, Fault::Issuer, problem, advice),
        });
        if let Some(ahead) = health.ahead {
            findings.push(Finding::clock(format!("clock of issuer `{}`", health.name), Fault::Issuer, ahead));
        }
    }
    if config.identity.issuers.is_empty()
        && config.identity.service_keys == crate::config::ServiceKeys::Refused
    {
        findings.push(Finding::doubtful(
            "identity",
            Fault::Setup,
            "there is no issuer and service keys are refused, so nobody can call",
            "add an issuer below `identity.issuers`, or set `identity.service_keys: accepted`",
        ));
    }
}
