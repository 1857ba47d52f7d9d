//! How held calls reach people.

use url::Url;

use super::server::check_secret;
use super::{Path, Problem, Report, is_loopback};
use crate::config::{Approvals, Email, Issuer, MailTls, Slack, Webhook};
use crate::limits;

/// What the Slack channel and e-mail are called where webhooks have names.
const TAKEN: [(&str, &str); 2] = [("slack", "the Slack channel"), ("email", "e-mail")];

pub(super) fn check(approvals: &Approvals, issuers: &[Issuer], path: &Path, report: &mut Report<'_>) {
    if let Some(slack) = &approvals.slack {
        check_slack(slack, issuers, &path.field("slack"), report);
    }
    if let Some(email) = &approvals.email {
        check_email(email, &path.field("email"), report);
    }
    if !(1..=limits::APPROVAL_WAIT_MS_MAX).contains(&approvals.wait_ms) {
        let text = format!("{} is not a time to wait", approvals.wait_ms);
        report.add(
            Problem::value(path.field("wait_ms"), text)
                .hint(format!("write milliseconds, 1 to {}", limits::APPROVAL_WAIT_MS_MAX)),
        );
    }
    if let Some(page) = &approvals.page
        && !Url::parse(page).is_ok_and(|page| matches!(page.scheme(), "https" | "http"))
    {
        report.add(
            Problem::value(path.field("page"), format!("`{page}` is not the address of a page"))
                .hint("write `https://` and so on, with `{id}` where the approval is named"),
        );
    }
    let place = path.field("webhooks");
    check_webhooks(&approvals.webhooks, &place, report);
    for (index, webhook) in approvals.webhooks.iter().enumerate() {
        for (name, what) in TAKEN.iter().filter(|(name, _)| webhook.name == *name) {
            report.add(
                Problem::value(place.item(index).field("name"), format!("`{name}` names {what}"))
                    .hint("choose another name"),
            );
        }
    }
}

/// Those who are told something by signed requests.
pub(super) fn check_webhooks(webhooks: &[Webhook], place: &Path, report: &mut Report<'_>) {
    if webhooks.len() > limits::WEBHOOKS_MAX {
        let text = format!("{} webhooks, at most {} are allowed", webhooks.len(), limits::WEBHOOKS_MAX);
        report.add(Problem::key(place.clone(), text));
    }
    let names = webhooks.iter().enumerate();
    report.unique("webhook name", names.map(|(i, hook)| (hook.name.as_str(), place.item(i).field("name"))));
    for (index, webhook) in webhooks.iter().enumerate() {
        let path = place.item(index);
        report.label(&webhook.name, path.field("name"));
        check_secret(&webhook.secret, &path.field("secret"), report);
        check_url(&webhook.url, path.field("url"), report);
    }
}

fn check_email(email: &Email, path: &Path, report: &mut Report<'_>) {
    let local = matches!(email.host.as_str(), "localhost" | "127.0.0.1" | "::1");
    if email.host.is_empty() || email.host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        report.add(Problem::value(path.field("host"), "this is not the name of a mail server"));
    }
    if email.tls == MailTls::None && !local {
        report.add(
            Problem::value(path.field("tls"), "messages would go over the network in the clear")
                .hint("write `starttls` or `implicit`; `none` is allowed on loopback addresses only"),
        );
    }
    match (&email.username, &email.password) {
        (Some(_), Some(password)) => check_secret(password, &path.field("password"), report),
        (None, None) => {}
        (Some(_), None) => {
            report.add(Problem::key(path.field("username"), "a user needs a `password`"));
        }
        (None, Some(_)) => {
            report.add(Problem::key(path.field("password"), "a password needs a `username`"));
        }
    }
    let most = limits::MAIL_RECIPIENTS_MAX;
    if email.to.is_empty() || email.to.len() > most {
        report.add(Problem::key(path.field("to"), format!("name 1 to {most} addresses")));
    }
    let to = email.to.iter().enumerate().map(|(i, address)| (address, path.field("to").item(i)));
    for (address, place) in to.chain([(&email.from, path.field("from"))]) {
        if !is_address(address) {
            report.add(
                Problem::value(place, format!("`{}` is no address of mail", address.escape_debug()))
                    .hint("write `name@example.com`, without a display name"),
            );
        }
    }
}

/// As much of an address as must be right for it to stand in a command and in a header (RFC 5321, section 4.1.2).
fn is_address(address: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"<>()[],;:\\\"".contains(&byte);
    let parts: Vec<&str> = address.split('@').collect();
    let [local, domain] = parts.as_slice() else { return false };
    !local.is_empty() && !domain.is_empty() && address.len() <= 254 && address.bytes().all(plain)
}

fn check_slack(slack: &Slack, issuers: &[Issuer], path: &Path, report: &mut Report<'_>) {
    check_url(&slack.url, path.field("url"), report);
    check_secret(&slack.token, &path.field("token"), report);
    check_secret(&slack.signing_secret, &path.field("signing_secret"), report);
    let place = path.field("people");
    if slack.people.len() > limits::SLACK_PEOPLE_MAX {
        let text = format!("{} people, at most {} are allowed", slack.people.len(), limits::SLACK_PEOPLE_MAX);
        report.add(Problem::key(place.clone(), text));
    }
    let users = slack.people.iter().enumerate();
    report.unique("Slack user", users.map(|(i, person)| (person.user.as_str(), place.item(i).field("user"))));
    for (index, person) in slack.people.iter().enumerate() {
        if !issuers.iter().any(|issuer| issuer.name == person.issuer) {
            report.add(
                Problem::value(
                    place.item(index).field("issuer"),
                    format!("`{}` is no issuer here", person.issuer),
                )
                .hint(
                    "write the `name` of one of `identity.issuers`: people are counted by issuer and subject",
                ),
            );
        }
    }
}

pub(super) fn check_url(url: &Url, path: Path, report: &mut Report<'_>) {
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(url)) {
        report.add(
            Problem::value(path, "it must be reached by `https`")
                .hint("`http` is allowed on loopback addresses only"),
        );
    }
}
