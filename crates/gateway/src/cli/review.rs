//! `countersign review`: people look at who may do what. Talks to a running gateway's API, with the right of whoever
//! asks and no other.

use std::io::Write;
use std::process::ExitCode;

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use serde_json::{Value, json};
use uuid::Uuid;

use super::remote::{self, Gateway, word};
use super::source::parse_id;
use crate::clock::{Clock, SystemClock};

/// Arguments of `countersign review`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Begin a review of who may do what now.
    Start(Start),
    /// Reviews, the latest first.
    List(List),
    /// The grants of a review, and what was said about them.
    Show(Show),
    /// Say what is to become of grants.
    Decide(Decide),
    /// End a review: what nobody decided is recorded, and whether what was to go is gone.
    Close(One),
}

#[derive(Debug, clap::Args)]
struct Start {
    /// Until when it is open: a day (its end, UTC), an instant, or in how long (`336h`).
    #[arg(long, value_name = "TIME", value_parser = later)]
    due: Timestamp,
    /// Who decides: `group:NAME` or `issuer/subject`; may be repeated. Default: whoever policy lets review.
    #[arg(long = "reviewer", value_name = "WHO")]
    reviewers: Vec<String>,
    /// Person by person instead of groups.
    #[arg(long)]
    people: bool,
    /// Only this server.
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// Only who is in this group.
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    #[command(flatten)]
    gateway: Gateway,
}

#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    gateway: Gateway,
}

#[derive(Debug, clap::Args)]
struct One {
    /// Id of the review, from `review list`.
    #[arg(value_parser = parse_id)]
    id: Uuid,
    #[command(flatten)]
    gateway: Gateway,
}

#[derive(Debug, clap::Args)]
struct Show {
    #[command(flatten)]
    one: One,
    /// Only what nobody has decided yet.
    #[arg(long)]
    open: bool,
}

#[derive(Debug, clap::Args)]
struct Decide {
    #[command(flatten)]
    one: One,
    /// Numbers of the grants, from `review show`: `3`, `3,5`, `7-12`.
    #[arg(value_name = "GRANTS", value_parser = numbers)]
    grants: Numbers,
    /// What is to become of them.
    #[arg(value_parser = ["keep", "revoke", "change"])]
    decision: String,
    /// Why; kept in the log.
    #[arg(long)]
    reason: String,
}

/// Numbers of grants.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Numbers(Vec<u32>);

/// Runs the command.
///
/// # Errors
/// What to tell the person who typed it.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    remote::wait(perform(&arguments.command))?;
    Ok(ExitCode::SUCCESS)
}

async fn perform(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Start(start) => {
            let body = json!({
                "due": start.due.to_string(), "reviewers": start.reviewers, "server": start.server,
                "group": start.group, "people": if start.people { "persons" } else { "groups" },
            });
            let begun = start.gateway.ask("reviews", Some(body)).await?;
            start.gateway.print(&begun, show)
        }
        Command::List(List { gateway }) => {
            let listed = gateway.ask("reviews", None).await?;
            gateway.print(&listed, list)
        }
        Command::Show(Show { one: One { id, gateway }, open }) => {
            let mut shown = gateway.ask(&format!("reviews/{id}"), None).await?;
            if *open && let Some(items) = shown["items"].as_array_mut() {
                items.retain(|item| item["decision"].is_null());
            }
            gateway.print(&shown, show)
        }
        Command::Decide(Decide { one: One { id, gateway }, grants, decision, reason }) => {
            let body = json!({ "grants": grants.0, "decision": decision, "reason": reason });
            let mut decided = gateway.ask(&format!("reviews/{id}/decide"), Some(body)).await?;
            if let Some(items) = decided["items"].as_array_mut() {
                items.retain(|item| grants.0.iter().any(|grant| item["grant"] == *grant));
            }
            gateway.print(&decided, show)
        }
        Command::Close(One { id, gateway }) => {
            let closed = gateway.ask(&format!("reviews/{id}/close"), Some(json!({}))).await?;
            gateway.print(&closed, show)
        }
    }
}

fn list(out: &mut dyn Write, listed: &Value) -> std::io::Result<()> {
    let reviews = listed["reviews"].as_array().map(Vec::as_slice).unwrap_or_default();
    if reviews.is_empty() {
        return writeln!(out, "access was never reviewed");
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["REVIEW", "STARTED", "DUE", "GRANTS", "STATE"]);
    for review in reviews {
        let state = if review["closed"].is_null() { "open".to_owned() } else { tally(review) };
        let (id, started, due) = (word(&review["id"]), word(&review["started"]), word(&review["due"]));
        table.add_row([id, started, due, word(&review["grants"]), state]);
    }
    writeln!(out, "{table}")
}

/// What came of a closed review.
fn tally(review: &Value) -> String {
    let tally = &review["closed"]["tally"];
    let n = |name: &str| word(&tally[name]);
    format!(
        "closed: {} kept, {} revoked, {} changed, {} undecided; of what was to go or change {} done, {} not",
        n("keep"),
        n("revoke"),
        n("change"),
        n("undecided"),
        n("gone"),
        n("standing")
    )
}

fn show(out: &mut dyn Write, review: &Value) -> std::io::Result<()> {
    writeln!(out, "review    {}", word(&review["id"]))?;
    writeln!(out, "as of     {}  policy set {}", word(&review["at"]), word(&review["policy_set"]))?;
    let reviewers: Vec<String> = review["reviewers"].as_array().into_iter().flatten().map(word).collect();
    let reviewers =
        if reviewers.is_empty() { "whoever policy lets review".to_owned() } else { reviewers.join(", ") };
    writeln!(out, "due       {}  by {reviewers}", word(&review["due"]))?;
    let state = if review["closed"].is_null() { "open".to_owned() } else { tally(review) };
    writeln!(out, "state     {state}\n")?;
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_header(["#", "WHO", "MAY", "HOW", "DECISION", "NOW"]);
    for item in review["items"].as_array().into_iter().flatten() {
        let mut what =
            format!("{} {}/{}", word(&item["action"]), word(&item["server"]), word(&item["target"]));
        if let Some(statement) = item["statement"].as_str() {
            what.push_str(&format!(" ({statement})"));
        }
        let how = item["condition"].as_str().unwrap_or(item["outcome"].as_str().unwrap_or_default());
        let said = &item["decision"];
        let decision = if said.is_null() {
            item["may_not_decide_because"].as_str().map(|why| format!("({why})")).unwrap_or_default()
        } else {
            format!("{} by {}: {}", word(&said["decision"]), word(&said["by"]), word(&said["reason"]))
        };
        let cells = [word(&item["grant"]), word(&item["holder"]), what, how.to_owned()];
        table.add_row(cells.into_iter().chain([decision, word(&item["standing"])]));
    }
    writeln!(out, "{table}")
}

fn numbers(text: &str) -> Result<Numbers, String> {
    let wrong = || format!("`{text}` are no numbers of grants; write `3`, `3,5` or `7-12`");
    let mut numbers = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let bounds = first.trim().parse::<u32>().ok().zip(last.trim().parse::<u32>().ok());
        let (first, last) = bounds.filter(|(first, last)| first <= last).ok_or_else(wrong)?;
        if (last - first) as usize >= crate::limits::REVIEW_VERDICTS_MAX {
            return Err(format!("at most {} grants at a time", crate::limits::REVIEW_VERDICTS_MAX));
        }
        numbers.extend(first..=last);
    }
    Ok(Numbers(numbers))
}

fn later(text: &str) -> Result<Timestamp, String> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    if let Ok(day) = text.parse::<civil::Date>() {
        let next = day.tomorrow().and_then(|day| day.to_zoned(TimeZone::UTC));
        return next.map(|zoned| zoned.timestamp()).map_err(|error| error.to_string());
    }
    let ahead: SignedDuration = text
        .parse()
        .map_err(|_| format!("`{text}` is no time; write `2026-12-31`, `2026-12-31T17:00:00Z` or `336h`"))?;
    SystemClock.now().checked_add(ahead).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_one_by_one_and_as_ranges() {
        assert_eq!(numbers("3,7-9"), Ok(Numbers(vec![3, 7, 8, 9])));
        for wrong in ["", "x", "9-7", "1-100000"] {
            assert!(numbers(wrong).is_err(), "{wrong}");
        }
    }
}
