//! The map from the Trust Services Criteria (AICPA TSP section 100) to what a package holds, in our own
//! words.
//!
//! It says what the gateway shows and what it leaves to the organisation. It never says that a criterion is
//! met: that is an auditor's judgement about the organisation, not a property of a program.

/// One criterion.
#[derive(Debug, Clone, Copy)]
pub struct Criterion {
    /// Its number.
    pub number: &'static str,
    /// What it is about, in our own words.
    pub about: &'static str,
    /// What the gateway shows.
    pub shows: &'static str,
    /// Files of a package that show it.
    pub files: &'static [&'static str],
    /// What to ask of them.
    pub query: &'static str,
    /// What remains the organisation's.
    pub remains: &'static str,
}

/// Every criterion that a package has something to say about, by number.
pub const CRITERIA: &[Criterion] = &[
    at(
        "CC6.1",
        "Logical access is restricted to who needs it",
        "Every call is decided by policies that deny by default; each leaf names the policies and the policy set that decided it, and the texts of those sets are in the package.",
        &["access/end.html", "populations/calls.csv", "config/policies/"],
        "Take a cell of the matrix, and a call that falls in it; read `policies` and `policy_set`; find these policies in that set; follow its conditions.",
        "Whether the policies say what the organisation decided; who may change them; access that does not go through the gateway.",
    ),
    at(
        "CC6.2",
        "People and programs are registered before they get access, and lose it when they leave",
        "Callers are proven by the organisation's identity provider or by service keys; failed attempts are recorded with their reason; keys are recorded when they are made and withdrawn. A review of access, where one was begun, puts every grant before people who do not hold it.",
        &[
            "populations/principals.csv",
            "populations/denials.csv",
            "populations/keys.csv",
            "populations/reviews.csv",
            "exceptions.csv",
        ],
        "Have the package made with `--leavers`, the list of the identity provider; look for `acted_after_end`, and for `reason` of withdrawn credentials; read `undecided` of each review.",
        "Joiners and leavers in the identity provider; whose pseudonym is whose; reviews of access that does not go through the gateway.",
    ),
    at(
        "CC6.3",
        "Access follows roles, least privilege and separation of duties",
        "Policies grant by group; calls that policy holds for a second person ran under an approval by somebody else, or while break-glass was in force, which the verification of the log checks for each. Where access was reviewed, it was grant by grant, and whether what was to go is gone was computed from the policies in force.",
        &[
            "populations/privileged.csv",
            "populations/approvals.csv",
            "populations/review_decisions.csv",
            "access/end.duties.csv",
            "access/unused.csv",
        ],
        "For each privileged call with `approval`, compare `actor` with `approved_by`; verification names every call without. For each decision `revoke`, read `standing`. Read what was never used, duties that should be apart, and attempts at self-approval.",
        "Which roles exist and who is in them; which actions need a second person.",
    ),
    at(
        "CC6.6",
        "Access from outside the boundary is protected",
        "Requests without proof of identity are refused before their body is read, and counted; no caller's token is sent on to an upstream. With which credential each upstream is reached, if with one, is configuration.",
        &["populations/denials.csv", "system-description.md"],
        "Sum `attempts` (one where empty) of `auth.failed` by day; compare with the load balancer.",
        "Networks, firewalls and everything before the gateway.",
    ),
    at(
        "CC6.7",
        "Data is protected while it moves and only goes where it may",
        "Answers and arguments are looked through by the detectors that the configuration leaves on, and what they find is masked before it is recorded and before it is answered, as far as the configuration does not let it through; what was masked is counted by detector.",
        &["populations/masking.csv", "populations/denials.csv"],
        "Sum detectors by server; look for `unread`, messages that were refused because they could not be looked through.",
        "Which data is sensitive; encryption outside the gateway; data that leaves by other ways.",
    ),
    at(
        "CC6.8",
        "Unwanted software and changes of tools are found",
        "Definitions of tools are pinned by hash; a change is recorded, and so is who accepted it. Until then policies see that the definition changed, and decide whether the tool is refused, held or called as before.",
        &["populations/definitions.csv", "config/documents/"],
        "For each change find the acceptance: who, when, why. Read in the policy sets what they make of `context.definition`; a set that does not mention it lets a changed tool be called.",
        "What runs on the upstreams themselves.",
    ),
    at(
        "CC7.1",
        "Changes of configuration and new weaknesses are noticed",
        "Policy sets and configurations in force are recorded with what was added, changed and removed; a setting that takes a control away is an exception.",
        &["config/timeline.csv", "config/differences/", "populations/changes.csv"],
        "Read the sets before and after each change.",
        "Vulnerability management; the machines under the gateway.",
    ),
    at(
        "CC7.2",
        "Anomalies are watched for",
        "Denials, floods of failed authentication, orphaned calls, clocks that go back and silences of the log are found by rules over all leaves. Where canaries are configured, the gateway tries its own controls on a schedule, and records whether each worked.",
        &["exceptions.csv", "gaps.csv", "populations/denials.csv", "populations/canaries.csv"],
        "Each row names a leaf: read it, and ask what was done about it. Of canaries, look for `failed`, and for days without a run.",
        "That somebody looks, and how fast.",
    ),
    at(
        "CC7.3",
        "Events are judged: incident or not",
        "Everything a caller did is one filter away, with bodies that can be opened and proven.",
        &["populations/calls.csv", "samples/"],
        "Filter by `actor` or `session`; open what matters as samples.",
        "Judging, and writing down why.",
    ),
    at(
        "CC7.4",
        "Incidents are answered",
        "Withdrawn keys, changed policies and emergency suspensions of policy are recorded at the second they took effect.",
        &["populations/keys.csv", "populations/changes.csv", "exceptions.csv"],
        "Compare times with the organisation's incident record.",
        "The response itself.",
    ),
    at(
        "CC7.5",
        "Operation is restored after incidents",
        "Outages show as silences with what the log says about why; after a kill the calls left open are ended as orphaned, never forgotten.",
        &["gaps.csv", "exceptions.csv", "populations/availability.csv"],
        "For each gap and orphan, ask what the upstream really did.",
        "Recovery of upstreams; tests of recovery.",
    ),
    at(
        "CC8.1",
        "Changes are authorised, tested and recorded",
        "Each policy set and each configuration that was in force is in the package by hash, with the leaf that put it in force and the lines that it changed.",
        &["config/timeline.csv", "config/differences/", "populations/changes.csv"],
        "For each row of the timeline, find the change request behind it; read its difference.",
        "Requests, reviews and tests outside the gateway.",
    ),
    at(
        "A1.1",
        "Capacity is watched",
        "Calls by day and server, and how each ended.",
        &["totals.csv", "populations/calls.csv", "populations/tools.csv"],
        "Count `status` timeout and upstream_error by day.",
        "Planning.",
    ),
    at(
        "A1.2",
        "The system is protected against loss of service",
        "Heartbeats of every gateway; when evidence cannot be written, calls are refused and the time is recorded.",
        &["populations/availability.csv", "gaps.csv"],
        "Sum `seconds` of rows `silence` and `blocked`.",
        "Redundancy, backups, power.",
    ),
    at(
        "A1.3",
        "Recovery is tested",
        "A restored database is checked against what was signed before the gateway starts; restarts are in the log.",
        &["populations/availability.csv", "gaps.csv"],
        "Find the restarts that were tests.",
        "Doing the tests.",
    ),
    at(
        "C1.1",
        "Confidential information is known and protected",
        "What masking found, by detector and place of use; recorded bodies are encrypted with a key a day.",
        &["populations/masking.csv", "populations/viewing.csv"],
        "Compare detectors with the organisation's classes of data; see who viewed recordings.",
        "Classifying data.",
    ),
    at(
        "C1.2",
        "Confidential information is disposed of",
        "Erasures by rule and legal holds are recorded; every proof still verifies after an erasure.",
        &["populations/retention.csv"],
        "Compare the rules and days with the retention schedule; look who set and cleared holds.",
        "The schedule; copies elsewhere.",
    ),
    at(
        "PI1.2",
        "Inputs are complete and accurate",
        "Messages with more than one meaning are refused; the leaf commits to what was received, masked, and to the bytes that were sent on.",
        &["populations/calls.csv", "populations/denials.csv"],
        "Look for refusals `malformed`, `header_mismatch` and `ambiguous`.",
        "What people ask for.",
    ),
    at(
        "PI1.3",
        "Processing is complete and accurate",
        "Every call that was forwarded has exactly one end, or is listed as open; indexes have no gap; counts can be compared with other sources.",
        &["totals.csv", "reconciliation/differences.csv", "exceptions.csv"],
        "Differences that do not tie, and orphans.",
        "What upstreams do with a call.",
    ),
    at(
        "PI1.4",
        "Outputs are complete and delivered only to who may have them",
        "No answer left before its record was durable; lists are filtered by policy; values are masked as the configuration says for each reader.",
        &["populations/calls.csv", "populations/masking.csv"],
        "Take samples; compare the opened answer with what the reader may see.",
        "What readers do with it.",
    ),
    at(
        "PI1.5",
        "Stored information is complete and protected",
        "The log is tamper-evident: an edit, a deletion or a reordering below a signed checkpoint is found by anybody, offline.",
        &["log/", "checkpoints/", "verify/"],
        "Run the verification; compare the checkpoint with a copy that the organisation could not change.",
        "Keeping such a copy elsewhere.",
    ),
    at(
        "P4",
        "Personal information is used, kept and disposed of as was said",
        "Leaves hold pseudonyms and commitments; names and addresses are in erasable records outside the log.",
        &["populations/retention.csv", "populations/viewing.csv"],
        "See who opened recordings, and what was erased.",
        "Notices, purposes and periods.",
    ),
    at(
        "P6",
        "Personal information is disclosed only to whom it may be",
        "What was masked for readers and for the record, by detector; every export of evidence and every viewing is a leaf.",
        &["populations/masking.csv", "populations/viewing.csv"],
        "Compare exports with who received them.",
        "Agreements with third parties; breach notices.",
    ),
    at(
        "P8",
        "Complaints and compliance are followed up",
        "Denials and exceptions can be filtered by person once the organisation names the pseudonym.",
        &["populations/denials.csv", "exceptions.csv"],
        "Filter by `actor`.",
        "The process.",
    ),
];

const fn at(
    number: &'static str,
    about: &'static str,
    shows: &'static str,
    files: &'static [&'static str],
    query: &'static str,
    remains: &'static str,
) -> Criterion {
    Criterion { number, about, shows, files, query, remains }
}

/// What stands above the map.
pub const PREFACE: &str = "What a package has to say about each criterion, in our own words. It is evidence for an auditor, who decides; \
     nothing here says that a criterion is met, and no figure in a package turns into such a statement. Numbers follow the \
     Trust Services Criteria (2017, revised points of focus 2022) of the AICPA, whose text is theirs and not repeated here. P4, P6 and P8 \
     matter where privacy is in scope.";

/// The map as Markdown: `docs/controls.md`, and `controls.md` of every package.
pub fn markdown() -> String {
    let mut text = format!("# Criteria and evidence\n\n{PREFACE}\n");
    for Criterion { number, about, shows, files, query, remains } in CRITERIA {
        let files = files.iter().map(|file| format!("`{file}`")).collect::<Vec<_>>().join(", ");
        text.push_str(&format!(
            "\n## {number}: {about}\n\n- **The gateway shows:** {shows}\n- **Files:** {files}\n- **Query:** {query}\n- **Remains \
             the organisation's:** {remains}\n"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manual_has_the_map_of_the_report() {
        let manual = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/controls.md");
        if std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always") {
            std::fs::write(manual, markdown()).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(manual).unwrap(),
            markdown(),
            "run this test with INSTA_UPDATE=always"
        );
    }

    #[test]
    fn map_promises_nothing_on_the_organisations_behalf() {
        let text = markdown().to_lowercase();
        for word in ["compliant", "implemented", "certified", "immutable", "ensures"] {
            assert!(!text.contains(word), "{word}");
        }
    }
}
