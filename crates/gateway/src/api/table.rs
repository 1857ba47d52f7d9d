//! Every endpoint there is.

use std::pin::Pin;

use http::Method;
use serde_json::Value;

use super::problem::Problem;
use super::{Asked, approval};
use crate::policy::Duty;
use crate::refusal::Refusal;

/// One endpoint.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    /// HTTP method.
    pub method: &'static str,
    /// Path; `{...}` stands for one segment.
    pub path: &'static str,
    /// What the caller must be permitted by policy, concerning the call in question.
    pub duty: Duty,
    /// What it does.
    pub summary: &'static str,
    pub(super) handler: Handler,
}

/// How a request proves who sends it, and who takes it then.
#[derive(Debug, Clone, Copy)]
pub(super) enum Handler {
    /// A bearer credential for the API.
    Bearer(fn(Asked) -> Answer),
    /// The signature of Slack over the body.
    Slack,
}

pub(super) type Answer = Pin<Box<dyn Future<Output = Result<Value, Problem>> + Send>>;

/// Every endpoint.
#[rustfmt::skip]
pub const ENDPOINTS: &[Endpoint] = &[
    Endpoint { method: "GET", path: "/api/v1/approvals", duty: Duty::View, summary: "held calls that the caller may see, the latest first", handler: Handler::Bearer(|asked| Box::pin(approval::list(asked))) },
    Endpoint { method: "GET", path: "/api/v1/deliveries", duty: Duty::View, summary: "what webhooks were not told yet, or never", handler: Handler::Bearer(|asked| Box::pin(approval::deliveries(asked))) },
    Endpoint { method: "GET", path: "/api/v1/approvals/{id}", duty: Duty::View, summary: "one held call, exactly as it would run", handler: Handler::Bearer(|asked| Box::pin(approval::show(asked))) },
    Endpoint { method: "POST", path: "/api/v1/approvals/{id}/approve", duty: Duty::Approve, summary: "agree to a held call", handler: Handler::Bearer(|asked| Box::pin(approval::approve(asked))) },
    Endpoint { method: "POST", path: "/api/v1/approvals/{id}/reject", duty: Duty::Approve, summary: "refuse a held call", handler: Handler::Bearer(|asked| Box::pin(approval::reject(asked))) },
    Endpoint { method: "POST", path: "/api/v1/slack/interactions", duty: Duty::Approve, summary: "a press of a button in Slack", handler: Handler::Slack },
];

/// The endpoint for a request, and what stands in the places of its path.
pub(super) fn find(method: &Method, path: &str) -> Result<(&'static Endpoint, Vec<String>), Problem> {
    let mut found = false;
    for endpoint in ENDPOINTS {
        let Some(places) = matched(endpoint.path, path) else { continue };
        if endpoint.method == method.as_str() {
            return Ok((endpoint, places));
        }
        found = true;
    }
    if found {
        Err(Problem::of(Refusal::MethodNotAllowed))
    } else {
        Err(Problem::unknown("there is no such endpoint"))
    }
}

fn matched(pattern: &str, path: &str) -> Option<Vec<String>> {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    let mut places = Vec::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(places),
            (Some(place), Some(segment)) if place.starts_with('{') && !segment.is_empty() => {
                places.push(segment.to_owned());
            }
            (Some(word), Some(segment)) if word == segment => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_their_endpoints() {
        let check = |method: Method, path: &str, expected: Option<&str>| {
            assert_eq!(find(&method, path).ok().map(|(endpoint, _)| endpoint.path), expected, "{path}");
        };
        check(Method::GET, "/api/v1/approvals", Some("/api/v1/approvals"));
        check(Method::GET, "/api/v1/approvals/7", Some("/api/v1/approvals/{id}"));
        check(Method::POST, "/api/v1/approvals/7/approve", Some("/api/v1/approvals/{id}/approve"));
        check(Method::POST, "/api/v1/approvals", None);
        check(Method::GET, "/api/v1/approvals/", None);
        check(Method::POST, "/api/v1/approvals/7/approve/", None);
        assert_eq!(find(&Method::GET, "/api/v1/approvals/7").expect("found").1, ["7"]);
    }
}
