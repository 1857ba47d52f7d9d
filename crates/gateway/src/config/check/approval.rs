//! How held calls reach people.

use url::Url;

use super::server::check_secret;
use super::{Path, Problem, Report, is_loopback};
use crate::config::{Approvals, Issuer, Slack, Webhook};
use crate::limits;

/// What the Slack channel is called where webhooks have names.
const SLACK: &str = "slack";

pub(super) fn check(approvals: &Approvals, issuers: &[Issuer], path: &Path, report: &mut Report<'_>) {
    if let Some(slack) = &approvals.slack {
        check_slack(slack, issuers, &path.field("slack"), report);
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
    for (index, _) in approvals.webhooks.iter().enumerate().filter(|(_, webhook)| webhook.name == SLACK) {
        report.add(
            Problem::value(place.item(index).field("name"), "`slack` names the Slack channel")
                .hint("choose another name"),
        );
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
