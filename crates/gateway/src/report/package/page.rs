//! `report.html`: what is in a package, in the order an auditor asks. One file, no script, nothing fetched.

mod chart;
mod replay;
mod table;

use evidence::package::{
    DIFFERENCES_FILE, DOES_NOT_ASSERT, EXCEPTIONS_FILE, GAPS_FILE, POPULATIONS, RULES, SELECTION_FILE,
};

use super::describe::{FILES, Facts};
use super::excerpt::Excerpt;
use crate::report::criterion::{CRITERIA, PREFACE};
use crate::report::html::escape;

pub(super) use replay::replay;
use table::{Head, group, table};

const STYLE: &str = include_str!("page.css");

/// Sections in their order: anchor and title.
const SECTIONS: [(&str, &str); 11] = [
    ("check", "How to check this package"),
    ("complete", "Completeness"),
    ("exceptions", "Exceptions"),
    ("populations", "Populations"),
    ("changes", "Changes of policies and tools"),
    ("approvals", "Approvals"),
    ("keys", "Keys, retention and access to evidence"),
    ("samples", "Samples"),
    ("criteria", "Criteria and evidence"),
    ("limits", "What this does not show"),
    ("files", "Files"),
];

/// The report.
pub(super) fn render(facts: &Facts<'_>, excerpt: &Excerpt) -> String {
    let mut out = head(&format!("Evidence of {}", facts.deployment.name));
    summary(&mut out, facts);
    check(&mut out, facts);
    complete(&mut out, facts, excerpt);
    exceptions(&mut out, facts, excerpt);
    populations(&mut out, facts);
    changes(&mut out, excerpt);
    approvals(&mut out, excerpt);
    keys(&mut out, excerpt);
    samples(&mut out, facts, excerpt);
    criteria(&mut out);
    limits(&mut out);
    files(&mut out);
    out.push_str("</main></body></html>\n");
    out
}

fn head(title: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>{}</title><style>{STYLE}</style></head><body><main>\n",
        escape(title)
    )
}

fn day(ts: evidence::time::Timestamp) -> String {
    ts.to_string().chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

fn summary(out: &mut String, facts: &Facts<'_>) {
    let period = facts.order.period;
    let scope = match &facts.order.servers[..] {
        [] => "all servers".to_owned(),
        some => format!("populations of {} only; the log is whole", some.join(", ")),
    };
    out.push_str(&format!(
        "<h1>Evidence of {name}</h1><p class=\"lead\">{from} to {until} UTC</p><dl class=\"facts\">\
         <dt>Log</dt><dd><code>{origin}</code>, leaves {first} to {last}</dd>\
         <dt>Signed root</dt><dd><code>{root}</code> over {size} leaves</dd>\
         <dt>Scope</dt><dd>{scope}</dd>\
         <dt>Made</dt><dd>{created} UTC by countersign {release}</dd>\
         <dt>Anchored</dt><dd>{assurance}</dd>\
         <dt>Reconciliation</dt><dd>{reconciliation}</dd></dl>\n",
        name = escape(&facts.deployment.name),
        from = day(period.from),
        until = day(period.until),
        origin = escape(&facts.checkpoint.origin),
        first = facts.log.first,
        last = facts.log.size.saturating_sub(1),
        root = facts.log.root,
        size = group(facts.log.size),
        scope = escape(&scope),
        created = day(facts.created),
        release = facts.deployment.release,
        assurance = marked(&facts.deployment.assurance),
        reconciliation = escape(&facts.reconciliation()),
    ));
    figures(out, facts);
    chart::days(out, &facts.derived.totals);
    out.push_str("<nav><ol>");
    for (anchor, title) in SECTIONS {
        out.push_str(&format!("<li><a href=\"#{anchor}\">{title}</a></li>"));
    }
    out.push_str("</ol></nav>\n");
}

fn figures(out: &mut String, facts: &Facts<'_>) {
    let derived = facts.derived;
    let of_type = |event: &str| {
        derived.totals.iter().filter(|((_, found), _)| *found == event).map(|(_, n)| n).sum::<u64>()
    };
    let rows = |name: &str| derived.rows.get(name).copied().unwrap_or(0);
    let exceptions: u64 = derived.exceptions.values().sum();
    let figures = [
        (rows("calls"), "calls", false),
        (of_type("call.intent"), "forwarded", false),
        (of_type("call.denied"), "refused", false),
        (rows("privileged"), "privileged", false),
        (rows("approvals"), "put before people", false),
        (rows("principals"), "people and programs", false),
        (rows("tools"), "tools in use", false),
        (of_type("auth.failed"), "records of failed authentication", false),
        (exceptions, "exceptions to explain", exceptions > 0),
        (derived.gaps.0, "gaps in the register", false),
        (derived.gaps.1, "gaps the log does not explain", derived.gaps.1 > 0),
    ];
    out.push_str("<ul class=\"figures\">");
    for (count, what, open) in figures {
        let class = if open { " class=\"open\"" } else { "" };
        out.push_str(&format!("<li{class}><b>{}</b><span>{what}</span></li>", group(count)));
    }
    out.push_str("</ul>\n");
}

fn section(out: &mut String, anchor: &str) {
    let found = SECTIONS.iter().zip(1..).find(|((known, _), _)| *known == anchor);
    if let Some(((_, title), number)) = found {
        out.push_str(&format!("<h2 id=\"{anchor}\">{number}. {title}</h2>\n"));
    }
}

fn check(out: &mut String, facts: &Facts<'_>) {
    section(out, "check");
    out.push_str(&format!(
        "<p>Do not believe this page. It is made from the leaves in <code>log/</code>, which are signed; a verifier derives every row \
         and figure from them again and compares.</p><pre>countersign verify evidence.zip --key '{key}'\n\
         countersign-verify evidence.zip --key '{key}'\npython3 verify/verify.py evidence.zip --key '{key}'</pre>\
         <div class=\"note\"><p>Take the key from somewhere else than these files. With the key that came along you learn only that the \
         files agree with each other.</p></div>\n",
        key = escape(&facts.key.to_string()),
    ));
}

fn complete(out: &mut String, facts: &Facts<'_>, excerpt: &Excerpt) {
    section(out, "complete");
    out.push_str(&format!(
        "<p>The log numbers its leaves without gaps: of the leaves {first} to {last} every one is in <code>log/</code>, and {inside} of \
         them lie in the period by the clock of their writer. Each population is a filter over exactly these.</p>\n",
        first = facts.log.first,
        last = facts.log.size.saturating_sub(1),
        inside = group(facts.derived.leaves),
    ));
    out.push_str("<h3>Leaves by type</h3>\n");
    let mut types: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
    for ((_, event), count) in &facts.derived.totals {
        *types.entry(event).or_default() += count;
    }
    let rows: Vec<Vec<String>> =
        types.iter().map(|(event, count)| vec![(*event).to_owned(), group(*count)]).collect();
    table(out, &[Head::Code("type"), Head::Number("leaves")], &rows);
    more(out, "by day", "totals.csv");
    out.push_str("<h3>Gap register</h3><p>A gateway that runs writes a heartbeat every minute. Silence for more than two and a half \
                  minutes is listed, with what the log says about why.</p>\n");
    listed(out, excerpt, GAPS_FILE, "The log is never silent in this period.");
    out.push_str(&format!("<h3>Reconciliation</h3><p>{}.</p>\n", escape(&facts.reconciliation())));
    match facts.derived.compared {
        Some(_) => listed(out, excerpt, DIFFERENCES_FILE, ""),
        None => out.push_str(
            "<div class=\"note\"><p>No log can show a call that was never written. Ask for counts that the gateway does not write (sign-ins of the \
             identity provider, requests at the load balancer, calls at the upstreams) and have the package made again with \
             <code>--counts</code>.</p></div>\n",
        ),
    }
}

fn exceptions(out: &mut String, facts: &Facts<'_>, excerpt: &Excerpt) {
    section(out, "exceptions");
    out.push_str("<p>Found by rules over all leaves of the period, not by judgement. Each wants an explanation; none is a finding by itself.</p>\n");
    let row = |rule: &evidence::package::Rule| {
        let count = facts.derived.exceptions.get(rule.name).copied().unwrap_or(0);
        vec![rule.name.to_owned(), group(count), rule.meaning.to_owned()]
    };
    let rows: Vec<Vec<String>> = RULES.iter().map(row).collect();
    table(out, &[Head::Code("rule"), Head::Number("rows"), Head::Text("what it means, what to ask")], &rows);
    out.push_str("<h3>The first of each</h3>\n");
    listed(out, excerpt, EXCEPTIONS_FILE, "No rule found anything.");
    more(out, "all", EXCEPTIONS_FILE);
}

fn populations(out: &mut String, facts: &Facts<'_>) {
    section(out, "populations");
    out.push_str("<p>Complete lists. The filter of each, its totals by day and type and the indexes it spans are in its \
                  <code>.query.json</code>.</p>\n");
    let row = |query: &evidence::package::Query| {
        let rows = facts.derived.rows.get(query.name).copied().unwrap_or(0);
        vec![
            query.title.to_owned(),
            query.answers.to_owned(),
            group(rows),
            format!("populations/{}.csv", query.name),
        ]
    };
    let rows: Vec<Vec<String>> = POPULATIONS.iter().map(row).collect();
    let heads = [Head::Text("population"), Head::Text("answers"), Head::Number("rows"), Head::File("file")];
    table(out, &heads, &rows);
}

fn changes(out: &mut String, excerpt: &Excerpt) {
    section(out, "changes");
    out.push_str("<h3>Policies</h3>\n");
    listed(out, excerpt, "populations/changes.csv", "No policy changed in this period.");
    out.push_str("<p>The text of every set that decided a call is in <code>config/policies/</code>, named by its hash.</p>\
                  <h3>Definitions of tools</h3>\n");
    listed(out, excerpt, "populations/definitions.csv", "No upstream changed what its tools say they do.");
}

fn approvals(out: &mut String, excerpt: &Excerpt) {
    section(out, "approvals");
    out.push_str("<p>A held call runs only under an approval that somebody else gave, for exactly this call, once. Verification checks that \
                  for every one.</p>\n");
    listed(out, excerpt, "populations/approvals.csv", "No call was held in this period.");
}

fn keys(out: &mut String, excerpt: &Excerpt) {
    section(out, "keys");
    for (title, path, none) in [
        ("Keys", "populations/keys.csv", "No key was made or withdrawn."),
        (
            "Retention and disposal",
            "populations/retention.csv",
            "Nothing was erased, and no legal hold changed.",
        ),
        (
            "Access to recordings and evidence",
            "populations/viewing.csv",
            "Nobody viewed a recording or exported evidence.",
        ),
        ("Gateways", "populations/availability.csv", "No gateway ran."),
    ] {
        out.push_str(&format!("<h3>{title}</h3>\n"));
        listed(out, excerpt, path, none);
    }
}

fn samples(out: &mut String, facts: &Facts<'_>, excerpt: &Excerpt) {
    section(out, "samples");
    let Some(draw) = &facts.order.draw else {
        out.push_str("<p>None in this package. Choose a seed, and ask for <code>countersign evidence sample</code>: see \
                      <code>verify/HOWTO.md</code>.</p>\n");
        return;
    };
    out.push_str(&format!(
        "<p>{n} of <code>{population}</code>, by the seed <code>{seed}</code>: the leaves with the smallest SHA-256(seed || leaf hash). \
         Each folder <code>samples/RANK/</code> has the leaves of the call and of its approval, a proof for each, bodies as they were \
         masked with their salts, and <code>replay.html</code>.</p>\n",
        n = facts.derived.selected.len(),
        population = escape(&draw.population),
        seed = escape(&draw.seed),
    ));
    listed(out, excerpt, SELECTION_FILE, "The population is empty.");
}

fn criteria(out: &mut String) {
    section(out, "criteria");
    out.push_str(&format!("<p>{}</p>\n", escape(PREFACE)));
    for criterion in CRITERIA {
        let files: Vec<String> = criterion
            .files
            .iter()
            .map(|file| format!("<a href=\"{file}\"><code>{file}</code></a>"))
            .collect();
        out.push_str(&format!(
            "<div class=\"card\"><h3>{} &nbsp;{}</h3><dl><dt>The gateway shows</dt><dd>{}</dd><dt>Files</dt><dd>{}</dd>\
             <dt>Query</dt><dd>{}</dd><dt>Remains yours</dt><dd>{}</dd></dl></div>\n",
            criterion.number,
            escape(criterion.about),
            escape(criterion.shows),
            files.join(", "),
            marked(criterion.query),
            escape(criterion.remains),
        ));
    }
}

fn limits(out: &mut String) {
    section(out, "limits");
    out.push_str("<ul>");
    for text in DOES_NOT_ASSERT {
        out.push_str(&format!("<li>{}</li>", escape(text)));
    }
    out.push_str("</ul>\n");
}

fn files(out: &mut String) {
    section(out, "files");
    let rows: Vec<Vec<String>> =
        FILES.iter().map(|(path, what)| vec![(*path).to_owned(), (*what).to_owned()]).collect();
    table(out, &[Head::Code("path"), Head::Text("what")], &rows);
}

/// The first rows of a derived file, or a sentence.
fn listed(out: &mut String, excerpt: &Excerpt, path: &str, none: &str) {
    let (head, rows) = match excerpt.of(path) {
        [] | [_] => {
            out.push_str(&format!("<p class=\"quiet\">{}</p>\n", escape(none)));
            return;
        }
        [head, rows @ ..] => (head, rows),
    };
    table::of_file(out, head, rows);
    more(out, "all rows", path);
}

fn more(out: &mut String, what: &str, path: &str) {
    out.push_str(&format!("<p class=\"quiet\">{what}: <a href=\"{path}\"><code>{path}</code></a></p>\n"));
}

/// Text in which backticks mark code.
fn marked(text: &str) -> String {
    let mut out = String::new();
    for (position, part) in text.split('`').enumerate() {
        if position % 2 == 1 {
            out.push_str(&format!("<code>{}</code>", escape(part)));
        } else {
            out.push_str(&escape(part));
        }
    }
    out
}
