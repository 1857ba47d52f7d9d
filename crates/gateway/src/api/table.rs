//! Every endpoint there is.

use std::pin::Pin;

use http::Method;
use serde_json::Value;

use super::problem::Problem;
use super::{
    Answered, Asked, access, activity, approval, breakglass, call, canary, events, log, me, package, passkey,
    policy, publication, review, server, session,
};
use crate::limits;
use crate::policy::Duty;
use crate::refusal::Refusal;

/// One endpoint.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    /// HTTP method.
    pub method: &'static str,
    /// Path; `{...}` stands for one segment, `{...*}` at the end for all that follow.
    pub path: &'static str,
    /// What the caller must be.
    pub need: Need,
    /// Whether asking is put on record.
    pub record: Record,
    /// What it does.
    pub summary: &'static str,
    /// Names of parameters in the query, of `PARAMETERS` in `schema`.
    pub query: &'static [&'static str],
    /// Name of the schema of the body, of `SCHEMAS` in `schema`; none: there is no body.
    pub body: Option<&'static str>,
    /// Name of the schema of the answer, of `SCHEMAS` in `schema`.
    pub answer: &'static str,
    pub(super) handler: Handler,
}

impl Endpoint {
    /// How long its body may be, in bytes.
    pub(super) fn body_bytes_max(&self) -> usize {
        match self.body {
            Some("PolicyFiles" | "PolicyTry") => limits::API_POLICY_BODY_BYTES_MAX,
            _ => limits::API_BODY_BYTES_MAX,
        }
    }
}

/// What the caller of an endpoint must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Anybody.
    Nothing,
    /// Proven.
    Proven,
    /// Signed in to the console: a token does not do.
    SignedIn,
    /// Permitted by policy, concerning a held call: the handler asks once it knows which.
    Held(Duty),
    /// Permitted by policy, concerning the gateway.
    Gateway(Duty),
    /// Slack, by its signature over the body.
    Slack,
}

/// Whether a call of an endpoint becomes a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// It reads no evidence and changes nothing.
    Nothing,
    /// It reads evidence: `recording.viewed`, before the answer leaves.
    Viewed,
    /// What it changes has a leaf of its own.
    Change,
}

/// Who takes a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Handler {
    /// Answers JSON.
    Json(fn(Asked) -> Answer<Value>),
    /// Answers something else.
    Other(fn(Asked) -> Answer<Answered>),
    /// Takes the bytes of the body: what was signed.
    Slack,
}

pub(super) type Answer<T> = Pin<Box<dyn Future<Output = Result<T, Problem>> + Send>>;

/// Every endpoint.
#[rustfmt::skip]
pub const ENDPOINTS: &[Endpoint] = &[
    Endpoint { method: "GET", path: "/api/v1/openapi.json", need: Need::Nothing, record: Record::Nothing, summary: "this API as OpenAPI 3.1", query: &[], body: None, answer: "OpenApi", handler: Handler::Json(|_| Box::pin(async { Ok(me::openapi()) })) },
    Endpoint { method: "GET", path: "/api/v1/sign-in", need: Need::Nothing, record: Record::Nothing, summary: "where people sign in to the console", query: &[], body: None, answer: "SignIn", handler: Handler::Json(|asked| Box::pin(async move { Ok(me::sign_in(&asked)) })) },
    Endpoint { method: "GET", path: "/api/v1/me", need: Need::Proven, record: Record::Nothing, summary: "who the caller is, and what they may do here", query: &[], body: None, answer: "Me", handler: Handler::Json(|asked| Box::pin(async move { me::me(&asked).await })) },
    Endpoint { method: "GET", path: "/api/v1/approvals", need: Need::Held(Duty::View), record: Record::Nothing, summary: "held calls that the caller may see, the latest first", query: &["state", "before", "limit"], body: None, answer: "Approvals", handler: Handler::Json(|asked| Box::pin(approval::list(asked))) },
    Endpoint { method: "GET", path: "/api/v1/deliveries", need: Need::Held(Duty::View), record: Record::Nothing, summary: "what webhooks were not told yet, or never", query: &[], body: None, answer: "Deliveries", handler: Handler::Json(|asked| Box::pin(approval::deliveries(asked))) },
    Endpoint { method: "GET", path: "/api/v1/approvals/{id}", need: Need::Held(Duty::View), record: Record::Viewed, summary: "one held call, exactly as it would run", query: &[], body: None, answer: "Approval", handler: Handler::Json(|asked| Box::pin(approval::show(asked))) },
    Endpoint { method: "POST", path: "/api/v1/approvals/{id}/approve", need: Need::Held(Duty::Approve), record: Record::Change, summary: "agree to a held call", query: &[], body: Some("Ballot"), answer: "Approval", handler: Handler::Json(|asked| Box::pin(approval::approve(asked))) },
    Endpoint { method: "POST", path: "/api/v1/approvals/{id}/reject", need: Need::Held(Duty::Approve), record: Record::Change, summary: "refuse a held call", query: &[], body: Some("Ballot"), answer: "Approval", handler: Handler::Json(|asked| Box::pin(approval::reject(asked))) },
    Endpoint { method: "GET", path: "/api/v1/approvals/{id}/challenge", need: Need::Held(Duty::Approve), record: Record::Nothing, summary: "what a passkey signs to approve", query: &[], body: None, answer: "PasskeyRequest", handler: Handler::Json(|asked| Box::pin(passkey::challenge(asked))) },
    Endpoint { method: "GET", path: "/api/v1/passkeys", need: Need::Proven, record: Record::Nothing, summary: "the caller's passkeys", query: &[], body: None, answer: "Passkeys", handler: Handler::Json(|asked| Box::pin(passkey::list(asked))) },
    Endpoint { method: "POST", path: "/api/v1/passkeys/options", need: Need::SignedIn, record: Record::Nothing, summary: "what a browser is asked to make", query: &[], body: None, answer: "PasskeyRequest", handler: Handler::Json(|asked| Box::pin(passkey::offer(asked))) },
    Endpoint { method: "POST", path: "/api/v1/passkeys", need: Need::SignedIn, record: Record::Change, summary: "register a passkey", query: &[], body: Some("Passkey"), answer: "Passkeys", handler: Handler::Json(|asked| Box::pin(passkey::register(asked))) },
    Endpoint { method: "POST", path: "/api/v1/passkeys/remove", need: Need::SignedIn, record: Record::Change, summary: "remove a passkey", query: &[], body: Some("PasskeyId"), answer: "Passkeys", handler: Handler::Json(|asked| Box::pin(passkey::remove(asked))) },
    Endpoint { method: "GET", path: "/api/v1/log", need: Need::Gateway(Duty::ReadStatus), record: Record::Nothing, summary: "how the log stands", query: &[], body: None, answer: "Log", handler: Handler::Json(|asked| Box::pin(log::show(asked))) },
    Endpoint { method: "GET", path: "/api/v1/log/checkpoint", need: Need::Gateway(Duty::ReadStatus), record: Record::Nothing, summary: "the latest checkpoint, as a C2SP signed note", query: &[], body: None, answer: "Text", handler: Handler::Other(|asked| Box::pin(log::checkpoint(asked))) },
    Endpoint { method: "GET", path: "/api/v1/log/checkpoints", need: Need::Gateway(Duty::ReadStatus), record: Record::Nothing, summary: "checkpoints, the latest first", query: &["before", "limit"], body: None, answer: "Checkpoints", handler: Handler::Json(|asked| Box::pin(log::checkpoints(asked))) },
    Endpoint { method: "GET", path: "/api/v1/events", need: Need::Proven, record: Record::Nothing, summary: "what changed, as server-sent events without content", query: &[], body: None, answer: "Events", handler: Handler::Other(|asked| Box::pin(async move { events::follow(asked) })) },
    Endpoint { method: "GET", path: "/api/v1/approvals/{id}/history", need: Need::Held(Duty::View), record: Record::Viewed, summary: "what its caller and its target did before", query: &[], body: None, answer: "History", handler: Handler::Json(|asked| Box::pin(approval::history(asked))) },
    Endpoint { method: "GET", path: "/api/v1/sessions", need: Need::Gateway(Duty::ReadCalls), record: Record::Viewed, summary: "recording sessions, the latest first", query: &["person", "for", "server", "tool", "decision", "status", "from", "to", "text", "before", "limit"], body: None, answer: "Sessions", handler: Handler::Json(|asked| Box::pin(call::sessions(asked))) },
    Endpoint { method: "GET", path: "/api/v1/sessions/{id}", need: Need::Gateway(Duty::ReadCalls), record: Record::Viewed, summary: "the calls of one session, the first one first", query: &["after", "limit"], body: None, answer: "Session", handler: Handler::Json(|asked| Box::pin(call::session(asked))) },
    Endpoint { method: "POST", path: "/api/v1/sessions/{id}/end", need: Need::Gateway(Duty::EndSessions), record: Record::Change, summary: "end a session for good, at every gateway", query: &[], body: Some("SessionEnd"), answer: "SessionEnded", handler: Handler::Json(|asked| Box::pin(session::end(asked))) },
    Endpoint { method: "GET", path: "/api/v1/calls", need: Need::Gateway(Duty::ReadCalls), record: Record::Viewed, summary: "calls, the latest first", query: &["person", "for", "server", "tool", "decision", "status", "from", "to", "text", "before", "limit", "session"], body: None, answer: "Calls", handler: Handler::Json(|asked| Box::pin(call::list(asked))) },
    Endpoint { method: "GET", path: "/api/v1/calls/{id}", need: Need::Gateway(Duty::ReadRecordings), record: Record::Viewed, summary: "one call with what was said, as it was masked", query: &[], body: None, answer: "Call", handler: Handler::Json(|asked| Box::pin(call::show(asked))) },
    Endpoint { method: "GET", path: "/api/v1/servers", need: Need::Gateway(Duty::ReadStatus), record: Record::Nothing, summary: "servers, issuers and gateways, and how they do", query: &[], body: None, answer: "Servers", handler: Handler::Json(|asked| Box::pin(server::list(asked))) },
    Endpoint { method: "GET", path: "/api/v1/servers/{name}/tools", need: Need::Gateway(Duty::ReadStatus), record: Record::Nothing, summary: "what a server lists, and what of it changed", query: &[], body: None, answer: "Tools", handler: Handler::Json(|asked| Box::pin(server::tools(asked))) },
    Endpoint { method: "POST", path: "/api/v1/servers/{name}/tools/{tool}/accept", need: Need::Gateway(Duty::AcceptTools), record: Record::Change, summary: "accept a changed definition", query: &["kind"], body: Some("Acceptance"), answer: "Tool", handler: Handler::Json(|asked| Box::pin(server::accept(asked))) },
    Endpoint { method: "GET", path: "/api/v1/policies", need: Need::Gateway(Duty::ReadPolicies), record: Record::Nothing, summary: "the policies in force", query: &[], body: None, answer: "Policies", handler: Handler::Json(|asked| Box::pin(policy::show(asked))) },
    Endpoint { method: "POST", path: "/api/v1/policies/check", need: Need::Gateway(Duty::ReadPolicies), record: Record::Nothing, summary: "whether files are a valid set", query: &[], body: Some("PolicyFiles"), answer: "PolicyCheck", handler: Handler::Json(|asked| Box::pin(policy::check(asked))) },
    Endpoint { method: "POST", path: "/api/v1/policies/diff", need: Need::Gateway(Duty::ReadPolicies), record: Record::Nothing, summary: "how files differ from the set in force", query: &[], body: Some("PolicyFiles"), answer: "PolicyDiff", handler: Handler::Json(|asked| Box::pin(policy::diff(asked))) },
    Endpoint { method: "POST", path: "/api/v1/policies/try", need: Need::Gateway(Duty::ReadPolicies), record: Record::Nothing, summary: "what policy says to a call", query: &[], body: Some("PolicyTry"), answer: "PolicyTrial", handler: Handler::Json(|asked| Box::pin(policy::attempt(asked))) },
    Endpoint { method: "GET", path: "/api/v1/policies/proposals", need: Need::Gateway(Duty::ReadPolicies), record: Record::Nothing, summary: "sets that are proposed, and whether they can be published here", query: &[], body: None, answer: "Proposals", handler: Handler::Json(|asked| Box::pin(publication::list(asked))) },
    Endpoint { method: "POST", path: "/api/v1/policies/propose", need: Need::Gateway(Duty::PublishPolicies), record: Record::Change, summary: "propose a set", query: &[], body: Some("PolicyFiles"), answer: "Proposal", handler: Handler::Json(|asked| Box::pin(publication::propose(asked))) },
    Endpoint { method: "POST", path: "/api/v1/policies/publish", need: Need::Gateway(Duty::PublishPolicies), record: Record::Change, summary: "put a proposed set in force", query: &[], body: Some("Publication"), answer: "Policies", handler: Handler::Json(|asked| Box::pin(publication::publish(asked))) },
    Endpoint { method: "POST", path: "/api/v1/policies/withdraw", need: Need::Gateway(Duty::PublishPolicies), record: Record::Change, summary: "give a proposal up", query: &[], body: Some("Withdrawal"), answer: "Proposals", handler: Handler::Json(|asked| Box::pin(publication::withdraw(asked))) },
    Endpoint { method: "GET", path: "/api/v1/log/leaves", need: Need::Gateway(Duty::ReadLog), record: Record::Viewed, summary: "leaves as they were hashed", query: &["from", "n"], body: None, answer: "Leaves", handler: Handler::Json(|asked| Box::pin(log::leaves(asked))) },
    Endpoint { method: "GET", path: "/api/v1/log/proof/{index}", need: Need::Gateway(Duty::ReadLog), record: Record::Nothing, summary: "that a leaf is in the log (RFC 6962)", query: &["size"], body: None, answer: "Proof", handler: Handler::Json(|asked| Box::pin(log::proof(asked))) },
    Endpoint { method: "GET", path: "/api/v1/log/tile/entries/{path*}", need: Need::Gateway(Duty::ReadLog), record: Record::Viewed, summary: "an entry bundle (C2SP tlog-tiles)", query: &[], body: None, answer: "Bytes", handler: Handler::Other(|asked| Box::pin(log::bundle(asked))) },
    Endpoint { method: "GET", path: "/api/v1/log/tile/{level}/{path*}", need: Need::Gateway(Duty::ReadStatus), record: Record::Nothing, summary: "a hash tile (C2SP tlog-tiles)", query: &[], body: None, answer: "Bytes", handler: Handler::Other(|asked| Box::pin(log::tile(asked))) },
    Endpoint { method: "GET", path: "/api/v1/access", need: Need::Gateway(Duty::ReadAccess), record: Record::Viewed, summary: "who may do what, by the policies in force", query: &["at", "server", "group", "people"], body: None, answer: "Access", handler: Handler::Json(|asked| Box::pin(access::show(asked))) },
    Endpoint { method: "GET", path: "/api/v1/reviews", need: Need::Gateway(Duty::ReadAccess), record: Record::Nothing, summary: "reviews of access, the latest first", query: &[], body: None, answer: "Reviews", handler: Handler::Json(|asked| Box::pin(review::list(asked))) },
    Endpoint { method: "POST", path: "/api/v1/reviews", need: Need::Gateway(Duty::ManageReviews), record: Record::Change, summary: "begin a review of who may do what now", query: &[], body: Some("ReviewOrder"), answer: "Review", handler: Handler::Json(|asked| Box::pin(review::start(asked))) },
    Endpoint { method: "GET", path: "/api/v1/reviews/{id}", need: Need::Gateway(Duty::ReadAccess), record: Record::Viewed, summary: "a review with its grants and what was said about them", query: &[], body: None, answer: "Review", handler: Handler::Json(|asked| Box::pin(review::show(asked))) },
    Endpoint { method: "POST", path: "/api/v1/reviews/{id}/decide", need: Need::Gateway(Duty::ReviewAccess), record: Record::Change, summary: "say what is to become of grants", query: &[], body: Some("ReviewVerdicts"), answer: "Review", handler: Handler::Json(|asked| Box::pin(review::decide(asked))) },
    Endpoint { method: "POST", path: "/api/v1/reviews/{id}/close", need: Need::Gateway(Duty::ManageReviews), record: Record::Change, summary: "end a review", query: &[], body: None, answer: "Review", handler: Handler::Json(|asked| Box::pin(review::close(asked))) },
    Endpoint { method: "GET", path: "/api/v1/canaries", need: Need::Gateway(Duty::ReadStatus), record: Record::Nothing, summary: "control canaries, and what each showed last", query: &[], body: None, answer: "Canaries", handler: Handler::Json(|asked| Box::pin(canary::list(asked))) },
    Endpoint { method: "POST", path: "/api/v1/canaries/run", need: Need::Gateway(Duty::RunCanaries), record: Record::Change, summary: "let canaries run now", query: &[], body: Some("CanaryRun"), answer: "Canaries", handler: Handler::Json(|asked| Box::pin(canary::run(asked))) },
    Endpoint { method: "GET", path: "/api/v1/evidence", need: Need::Gateway(Duty::ExportEvidence), record: Record::Nothing, summary: "evidence packages that are made or wait to be fetched, the latest first", query: &[], body: None, answer: "Packages", handler: Handler::Json(|asked| Box::pin(package::list(asked))) },
    Endpoint { method: "POST", path: "/api/v1/evidence", need: Need::Gateway(Duty::ExportEvidence), record: Record::Change, summary: "have a period made into an evidence package", query: &[], body: Some("PackageOrder"), answer: "Package", handler: Handler::Json(|asked| Box::pin(package::start(asked))) },
    Endpoint { method: "GET", path: "/api/v1/evidence/{id}", need: Need::Gateway(Duty::ExportEvidence), record: Record::Nothing, summary: "how far a package is", query: &[], body: None, answer: "Package", handler: Handler::Json(|asked| Box::pin(package::show(asked))) },
    Endpoint { method: "GET", path: "/api/v1/evidence/{id}/package", need: Need::Gateway(Duty::ExportEvidence), record: Record::Viewed, summary: "the package, a zip archive", query: &[], body: None, answer: "Bytes", handler: Handler::Other(|asked| Box::pin(package::fetch(asked))) },
    Endpoint { method: "GET", path: "/api/v1/activity", need: Need::Gateway(Duty::ReadStatus), record: Record::Nothing, summary: "how many calls there were, and how they went", query: &["window"], body: None, answer: "Activity", handler: Handler::Json(|asked| Box::pin(activity::show(asked))) },
    Endpoint { method: "GET", path: "/api/v1/breakglass", need: Need::Gateway(Duty::BreakGlass), record: Record::Nothing, summary: "break-glass: proposed, in force and over", query: &[], body: None, answer: "Breakglasses", handler: Handler::Json(|asked| Box::pin(breakglass::list(asked))) },
    Endpoint { method: "POST", path: "/api/v1/breakglass", need: Need::Gateway(Duty::BreakGlass), record: Record::Change, summary: "propose break-glass", query: &[], body: Some("BreakglassWish"), answer: "Breakglass", handler: Handler::Json(|asked| Box::pin(breakglass::propose(asked))) },
    Endpoint { method: "POST", path: "/api/v1/breakglass/{id}/confirm", need: Need::Gateway(Duty::BreakGlass), record: Record::Change, summary: "confirm what another administrator proposed", query: &[], body: Some("Nothing"), answer: "Breakglass", handler: Handler::Json(|asked| Box::pin(breakglass::confirm(asked))) },
    Endpoint { method: "POST", path: "/api/v1/breakglass/{id}/end", need: Need::Gateway(Duty::BreakGlass), record: Record::Change, summary: "end it before its time", query: &[], body: Some("Nothing"), answer: "Breakglass", handler: Handler::Json(|asked| Box::pin(breakglass::end(asked))) },
    Endpoint { method: "POST", path: "/api/v1/slack/interactions", need: Need::Slack, record: Record::Change, summary: "a press of a button in Slack", query: &[], body: Some("SlackPress"), answer: "SlackAnswer", handler: Handler::Slack },
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
            (Some(place), Some(segment)) if place.ends_with("*}") && !segment.is_empty() => {
                let rest = std::iter::once(segment).chain(given).collect::<Vec<_>>().join("/");
                places.push(decoded(&rest)?);
                return Some(places);
            }
            (Some(place), Some(segment)) if place.starts_with('{') && !segment.is_empty() => {
                places.push(decoded(segment)?);
            }
            (Some(word), Some(segment)) if word == segment => {}
            _ => return None,
        }
    }
}

/// Percent-decoded (RFC 3986); `None` when the result is not UTF-8.
fn decoded(segment: &str) -> Option<String> {
    if !segment.contains('%') {
        return Some(segment.to_owned());
    }
    // A query that is nothing but this one text; `+` is no blank in a path.
    let text = segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let (decoded, _) = url::form_urlencoded::parse(text.as_bytes()).next()?;
    (!decoded.contains('\u{fffd}')).then(|| decoded.into_owned())
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

    #[test]
    fn places_of_a_path_are_decoded() {
        let check = |path: &str, expected: Option<&[&str]>| {
            let found = matched("/a/{b}/c/{d*}", path);
            assert_eq!(
                found.as_deref(),
                expected.map(|e| e.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()).as_deref()
            );
        };
        check("/a/x%2Fy+z/c/0/x001/234", Some(&["x/y+z", "0/x001/234"]));
        check("/a/%ff/c/1", None);
        check("/a/x/c/", None);
        check("/a/a%26b%3Dc/c/1", Some(&["a&b=c", "1"]));
    }
}
