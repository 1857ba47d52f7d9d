//! `report.html`: what is in a package, in the order an auditor asks. One file, no script, nothing fetched.

mod chart;
mod replay;
mod table;

use evidence::package::{
    DIFFERENCES_FILE, DOES_NOT_ASSERT, EXCEPTIONS_FILE, GAPS_FILE, MISSING_FILE, OUTSIDE, POPULATIONS, RULES,
    SELECTION_FILE, TIMELINE_FILE, figure_of, group,
};

use super::Bodies;
use super::access::{DIFFERENCE, DUTIES, UNUSED};
use super::describe::{FILES, Facts};
use super::excerpt::Excerpt;
use crate::report::criterion::{CRITERIA, PREFACE};
use crate::report::html::escape;

pub(super) use replay::replay;
use table::{Head, figure, table};

/// The population of changes.
const CHANGES: &str = "populations/changes.csv";
const STYLE: &str = include_str!("page.css");

/// Sections in their order: anchor and title.
const SECTIONS: [(&str, &str); 12] = [
    ("check", "How to check this package"),
    ("complete", "Completeness"),
    ("exceptions", "Exceptions"),
    ("populations", "Populations"),
    ("access", "Who could do what"),
    ("changes", "Changes of policies, configuration and tools"),
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
    access(&mut out, facts);
    changes(&mut out, facts, excerpt);
    approvals(&mut out, facts, excerpt);
    keys(&mut out, facts, excerpt);
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
    let part = facts.part().map_or(String::new(), |part| {
        format!("<div class=\"note\"><p><strong>{}.</strong></p></div>", marked(&part))
    });
    out.push_str(&format!(
        "<h1>Evidence of {}</h1><p class=\"lead\">{} to {} UTC</p>{part}\n",
        escape(&facts.deployment.name),
        day(period.from),
        day(period.until),
    ));
    figures(out, facts);
    out.push_str("<nav aria-label=\"Contents\"><ol>");
    for (anchor, title) in SECTIONS {
        out.push_str(&format!("<li><a href=\"#{anchor}\">{title}</a></li>"));
    }
    out.push_str("</ol></nav>\n");
    out.push_str(&format!(
        "<dl class=\"facts\">\
         <dt>Log</dt><dd><code>{origin}</code>, leaves {first} to {last}</dd>\
         <dt>Signed root</dt><dd><code>{root}</code> over {size} leaves</dd>\
         <dt>Scope</dt><dd>{scope}</dd>\
         <dt>Made</dt><dd>{created} UTC by countersign {release}</dd>\
         <dt>Anchored</dt><dd>{assurance}</dd>\
         <dt>Reconciliation</dt><dd>{reconciliation}</dd></dl>\n",
        origin = escape(&facts.checkpoint.origin),
        first = figure("log.first", facts.log.first),
        last = figure("log.last", facts.log.size.saturating_sub(1)),
        root = facts.log.root,
        size = figure("log.size", facts.log.size),
        scope = escape(&scope),
        created = day(facts.created),
        release = facts.deployment.release,
        assurance = marked(&facts.deployment.assurance),
        reconciliation = reconciliation(facts),
    ));
    chart::days(out, &facts.derived.totals);
}

fn figures(out: &mut String, facts: &Facts<'_>) {
    let derived = facts.derived;
    let rows = |name: &str| derived.rows.get(name).copied().unwrap_or(0);
    let exceptions: u64 = derived.exceptions.values().sum();
    let figures = [
        ("rows.calls", rows("calls"), "calls", "#populations"),
        ("type.call.intent", derived.of_type("call.intent"), "forwarded", "#populations"),
        ("type.call.denied", derived.of_type("call.denied"), "refused", "#populations"),
        ("rows.privileged", rows("privileged"), "privileged", "#populations"),
        ("rows.approvals", rows("approvals"), "put before people", "#approvals"),
        ("rows.principals", rows("principals"), "people and programs", "#populations"),
        ("rows.tools", rows("tools"), "tools in use", "#populations"),
        (
            "type.auth.failed",
            derived.of_type("auth.failed"),
            "records of failed authentication",
            "#populations",
        ),
        ("exceptions", exceptions, "exceptions to explain", "#exceptions"),
        ("bodies.unexplained", derived.missing.1, "messages missing that no rule took", "#missing"),
        ("gaps", derived.gaps.0, "gaps in the register", "#complete"),
        ("gaps.unexplained", derived.gaps.1, "gaps the log does not explain", "#complete"),
    ];
    out.push_str("<ul class=\"figures\">");
    for (name, count, what, place) in figures {
        let open = count > 0 && matches!(name, "exceptions" | "bodies.unexplained" | "gaps.unexplained");
        let class = if open { " class=\"open\"" } else { "" };
        out.push_str(&format!(
            "<li{class}><a href=\"{place}\"><b data-figure=\"{name}\">{}</b><span>{what}</span></a></li>",
            group(count)
        ));
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
        key = escape(&facts.signer.to_string()),
    ));
}

fn complete(out: &mut String, facts: &Facts<'_>, excerpt: &Excerpt) {
    section(out, "complete");
    out.push_str(&format!(
        "<p>The log numbers its leaves without gaps: of the leaves {first} to {last} every one is in <code>log/</code>, and {inside} of \
         them lie in the period by the clock of their writer. Each population is a filter over exactly these.</p>\n",
        first = figure("log.first", facts.log.first),
        last = figure("log.last", facts.log.size.saturating_sub(1)),
        inside = figure("leaves", facts.derived.leaves),
    ));
    out.push_str("<h3>Leaves by type</h3>\n");
    let mut types: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
    for ((_, event), count) in &facts.derived.totals {
        *types.entry(event).or_default() += count;
    }
    let rows: Vec<Vec<String>> = types
        .iter()
        .map(|(event, count)| vec![(*event).to_owned(), counted("type", event, *count)])
        .collect();
    table(out, &[Head::Code("type"), Head::Figure("leaves")], &rows);
    more(out, "By day", "totals.csv");
    out.push_str("<h3>Gap register</h3><p>A gateway that runs writes a heartbeat every minute. Silence for more than two and a half \
                  minutes is listed, with what the log says about why.</p>\n");
    listed(out, facts, excerpt, GAPS_FILE, "The log is never silent in this period.");
    out.push_str(&format!("<h3>Reconciliation</h3><p>{}.</p>\n", reconciliation(facts)));
    match facts.derived.compared {
        Some(_) => listed(out, facts, excerpt, DIFFERENCES_FILE, ""),
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
        vec![rule.name.to_owned(), counted("rule", rule.name, count), rule.meaning.to_owned()]
    };
    // What there is to explain first, then what was looked for and not found.
    let mut rules: Vec<&evidence::package::Rule> = RULES.iter().collect();
    rules.sort_by_key(|rule| !facts.derived.exceptions.contains_key(rule.name));
    let rows: Vec<Vec<String>> = rules.into_iter().map(row).collect();
    table(out, &[Head::Code("rule"), Head::Figure("rows"), Head::Text("what it means, what to ask")], &rows);
    out.push_str("<h3>The first of each</h3>\n");
    listed(out, facts, excerpt, EXCEPTIONS_FILE, "No rule found anything.");
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
            counted("rows", query.name, rows),
            format!("populations/{}.csv", query.name),
        ]
    };
    let rows: Vec<Vec<String>> = POPULATIONS.iter().map(row).collect();
    let heads = [Head::Text("population"), Head::Text("answers"), Head::Figure("rows"), Head::File("file")];
    table(out, &heads, &rows);
    out.push_str("<p>Every type of leaf is in one of them, but for:</p><ul>");
    for (event, why) in OUTSIDE {
        out.push_str(&format!("<li><code>{event}</code>: {}</li>", marked(why)));
    }
    out.push_str("</ul>\n");
}

fn access(out: &mut String, facts: &Facts<'_>) {
    section(out, "access");
    let access = facts.access;
    if let Some(why) = &access.missing {
        out.push_str(&format!("<p class=\"quiet\">Not computed: {}.</p>\n", escape(why)));
        return;
    }
    out.push_str(
        "<p>Computed from the policies in force, not typed by hand: every group and combination of groups against every server, tool \
         and class of statement. A cell says allow, hold (and who must agree), deny, or on which condition, and names the policies that \
         decide. <code>countersign verify</code> computes it again from the policies in <code>config/policies/</code>; which tools there \
         were and who was in which groups is what the gateway states in <code>access/*.basis.json</code>.</p>\n",
    );
    let link = |path: &str| format!("<a href=\"{path}\"><code>{path}</code></a>");
    let set = |set: &Option<String>| match set {
        Some(set) => format!("policy set <code>{}</code>", escape(&evidence::package::short(set))),
        None => "no policies were in force yet".to_owned(),
    };
    let begin = match &access.sets[0] {
        Some(_) => {
            format!("{}; {}, {}", set(&access.sets[0]), link("access/begin.html"), link("access/begin.csv"))
        }
        None => set(&None),
    };
    let counted = |path: &str| {
        let rows = access.rows.get(path).copied().unwrap_or(0);
        format!("{} rows in {}", figure(&figure_of(path), rows), link(path))
    };
    let difference = match &access.sets[0] {
        Some(_) => format!("what changed: {}", counted(DIFFERENCE)),
        None => "nothing to compare with".to_owned(),
    };
    out.push_str(&format!(
        "<dl class=\"facts\"><dt>When the period began</dt><dd>{begin}</dd><dt>When it ended</dt><dd>{end}; {html}, {csv}</dd>\
         <dt>Between</dt><dd>{difference}</dd><dt>Never used</dt><dd>what somebody was allowed to call at a server and never did: \
         {unused}</dd><dt>Duties that should be apart</dt><dd>findings: {duties}</dd></dl>\n<h3>Duties that should be apart</h3>\n",
        end = set(&access.sets[1]),
        html = link("access/end.html"),
        csv = link("access/end.csv"),
        unused = counted(UNUSED),
        duties = counted(DUTIES),
    ));
    rows_of(out, facts, &access.duties, DUTIES, "Nothing found.");
}

fn changes(out: &mut String, facts: &Facts<'_>, excerpt: &Excerpt) {
    section(out, "changes");
    out.push_str("<h3>Policies and configuration: what came into force when</h3>\n");
    listed(out, facts, excerpt, TIMELINE_FILE, "Nothing came into force in this part of the log.");
    if let Some((name, rows)) = rows_in(facts, CHANGES) {
        let what = format!(
            "With what was proposed, and each time when the policy was suspended: {} rows",
            figure(&name, rows)
        );
        more(out, &what, CHANGES);
    }
    out.push_str("<p>The text of every policy set that decided a call is in <code>config/policies/</code>, of every configuration in \
                  <code>config/configurations/</code>, secrets left out, each named by its hash; what each change changed is in \
                  <code>config/differences/</code>.</p><h3>Definitions of tools</h3>\n");
    listed(
        out,
        facts,
        excerpt,
        "populations/definitions.csv",
        "No upstream changed what its tools say they do.",
    );
    out.push_str(&format!("<p>{}</p>\n", facts.drift.text()));
}

fn approvals(out: &mut String, facts: &Facts<'_>, excerpt: &Excerpt) {
    section(out, "approvals");
    out.push_str("<p>A held call runs only under an approval that somebody else gave, for exactly this call, once, or while break-glass was in \
                  force, which is an exception. Verification checks that for every one.</p>\n");
    listed(out, facts, excerpt, "populations/approvals.csv", "No call was held in this period.");
}

fn keys(out: &mut String, facts: &Facts<'_>, excerpt: &Excerpt) {
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
        listed(out, facts, excerpt, path, none);
    }
    let (erased, unexplained) = facts.derived.missing;
    out.push_str(&format!(
        "<h3 id=\"missing\">Messages that are not here</h3><p>Of privileged calls and of samples: {erased} were erased by a rule, as the leaves \
         in <code>erasures/</code> say, each with its proof; {unexplained} are gone and no leaf says why, and each of them is an exception.{sealed}</p>\n",
        erased = figure("bodies.erased", erased),
        unexplained = figure("bodies.unexplained", unexplained),
        sealed = match facts.order.bodies {
            Bodies::Opened => "",
            Bodies::Sealed => " Those of privileged calls are sealed, so only samples are looked at.",
        },
    ));
    listed(out, facts, excerpt, MISSING_FILE, "Every message that should be here is.");
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
        n = figure("samples", facts.derived.selected.len() as u64),
        population = escape(&draw.population),
        seed = escape(&draw.seed),
    ));
    listed(out, facts, excerpt, SELECTION_FILE, "The population is empty.");
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

/// Whether other counts were compared, in words.
fn reconciliation(facts: &Facts<'_>) -> String {
    match facts.derived.compared {
        None => "not reconciled: no counts from another source were given".to_owned(),
        Some((rows, open)) => format!(
            "{} counts from other sources, of which {} do not tie",
            figure("counts", rows),
            figure("counts.open", open)
        ),
    }
}

/// The cell of a figure: see [`Head::Figure`].
fn counted(kind: &str, name: &str, number: u64) -> String {
    format!("{kind}.{name} {}", group(number))
}

/// The first rows of a derived file, or a sentence.
fn listed(out: &mut String, facts: &Facts<'_>, excerpt: &Excerpt, path: &str, none: &str) {
    rows_of(out, facts, excerpt.of(path), path, none);
}

fn rows_of(out: &mut String, facts: &Facts<'_>, lines: &[(u64, Vec<String>)], path: &str, none: &str) {
    let (head, rows) = match lines {
        [] | [_] => {
            out.push_str(&format!("<p class=\"quiet\">{}</p>\n", escape(none)));
            return;
        }
        [(_, head), rows @ ..] => (head, rows),
    };
    table::of_file(out, path, head, rows);
    match rows_in(facts, path) {
        Some((name, all)) if all > rows.len() as u64 => {
            more(
                out,
                &format!("Only some rows are here; all {}, with every column", figure(&name, all)),
                path,
            );
        }
        _ => more(out, "With every column", path),
    }
}

/// How many rows a file has, and the figure that says so.
fn rows_in(facts: &Facts<'_>, path: &str) -> Option<(String, u64)> {
    let derived = facts.derived;
    let named = |name: &str, rows: u64| Some((name.to_owned(), rows));
    match path {
        GAPS_FILE => named("gaps", derived.gaps.0),
        EXCEPTIONS_FILE => named("exceptions", derived.exceptions.values().sum()),
        DIFFERENCES_FILE => named("counts", derived.compared?.0),
        SELECTION_FILE => named("samples", derived.selected.len() as u64),
        _ => {
            if let Some(rows) = facts.access.rows.get(path) {
                return Some((figure_of(path), *rows));
            }
            let name = path.strip_prefix("populations/")?.strip_suffix(".csv")?;
            Some((format!("rows.{name}"), *derived.rows.get(name)?))
        }
    }
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
