//! How held calls reach people.

use url::Url;

use super::server::check_secret;
use super::{Path, Problem, Report, is_loopback};
use crate::config::Approvals;
use crate::limits;

pub(super) fn check(approvals: &Approvals, path: &Path, report: &mut Report<'_>) {
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
    if approvals.webhooks.len() > limits::WEBHOOKS_MAX {
        let text =
            format!("{} webhooks, at most {} are allowed", approvals.webhooks.len(), limits::WEBHOOKS_MAX);
        report.add(Problem::key(path.field("webhooks"), text));
    }
    let place = path.field("webhooks");
    let names = approvals.webhooks.iter().enumerate();
    report.unique("webhook name", names.map(|(i, hook)| (hook.name.as_str(), place.item(i).field("name"))));
    for (index, webhook) in approvals.webhooks.iter().enumerate() {
        let path = place.item(index);
        report.label(&webhook.name, path.field("name"));
        check_secret(&webhook.secret, &path.field("secret"), report);
        let loopback = is_loopback(&webhook.url);
        if webhook.url.scheme() != "https" && !(webhook.url.scheme() == "http" && loopback) {
            report.add(
                Problem::value(path.field("url"), "a webhook must be reached by `https`")
                    .hint("`http` is allowed on loopback addresses only"),
            );
        }
    }
}
