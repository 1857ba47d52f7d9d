//! The populations of every package. Their definitions belong to [`super::FORMAT`]: a package of this format
//! that defines one differently is refused.

use super::query::{Column, Condition, Query, Shape, Source};

const CALLS: &[&str] = &["call.intent", "call.denied"];
const ENDS: &[&str] = &["call.outcome", "call.orphaned"];
const CALL: Shape = Shape::Follow { by: "call", opens: &["call.intent"], steps: &[("end", ENDS)] };

/// Classes of statements that only read, or only look after the session they run in. All others are
/// privileged.
const HARMFUL: &[&str] = &[
    "write",
    "ddl",
    "write_unbounded",
    "ddl_destructive",
    "privilege",
    "export",
    "exec",
    "unknown",
    "fs_write",
    "fs_destructive",
    "infra_destructive",
    "db_destructive",
    "secret_read",
    "remote_exec",
    "dynamic",
];

/// Calls that the gateway made itself to try its controls: no population of real calls has them.
const CANARIES: &[Condition] = &[one_of("actor.kind", &["canary"])];

/// Every population, in the order of the report.
pub const POPULATIONS: &[Query] = &[
    Query {
        name: "calls",
        title: "All calls",
        answers: "Which calls were made, by whom, what was decided, and how did each end?",
        types: CALLS,
        any: &[],
        except: CANARIES,
        shape: CALL,
        columns: &[
            row("index", "index"),
            row("time", "ts"),
            row("event", "type"),
            row("call", "call"),
            row("session", "session"),
            row("actor_kind", "actor.kind"),
            row("actor", "actor.id"),
            row("issuer", "actor.issuer"),
            row("on_behalf_of", "actor.on_behalf_of"),
            row("server", "server"),
            row("method", "method"),
            row("target", "target.name|target.id"),
            row("class", "statement.class"),
            row("effect", "decision.effect"),
            row("policies", "decision.policies"),
            row("policy_set", "decision.policy_set"),
            row("approval", "decision.approval.id"),
            row("refusal", "refusal"),
            end("end_index", "index"),
            end("end_time", "ts"),
            end("end", "type"),
            end("status", "outcome.status"),
            end("code", "outcome.code"),
        ],
    },
    Query {
        name: "privileged",
        title: "Privileged actions",
        answers: "Which calls would change data, structure, rights or systems, or needed a second person?",
        types: CALLS,
        any: &[
            &[one_of("statement.class", HARMFUL)],
            &[one_of("decision.effect", &["hold"])],
            &[present("decision.approval.id")],
        ],
        except: CANARIES,
        shape: CALL,
        columns: &[
            row("index", "index"),
            row("time", "ts"),
            row("event", "type"),
            row("call", "call"),
            row("actor_kind", "actor.kind"),
            row("actor", "actor.id"),
            row("server", "server"),
            row("method", "method"),
            row("target", "target.name|target.id"),
            row("class", "statement.class"),
            row("language", "statement.language"),
            row("writes", "statement.writes"),
            row("effect", "decision.effect"),
            row("policies", "decision.policies"),
            row("policy_set", "decision.policy_set"),
            row("approval", "decision.approval.id"),
            row("refusal", "refusal"),
            row("commitment", "payload.commitment"),
            end("end_index", "index"),
            end("end_time", "ts"),
            end("end", "type"),
            end("status", "outcome.status"),
        ],
    },
    Query {
        name: "denials",
        title: "Denials and failed authentication",
        answers: "Which calls were refused, by which policy, and who failed to prove who they are?",
        types: &["call.denied", "auth.failed"],
        any: &[],
        except: CANARIES,
        shape: Shape::Each,
        columns: &[
            row("index", "index"),
            row("time", "ts"),
            row("event", "type"),
            row("call", "call"),
            row("actor_kind", "actor.kind"),
            row("actor", "actor.id"),
            row("issuer", "actor.issuer"),
            row("server", "server"),
            row("method", "method"),
            row("target", "target.name|target.id"),
            row("class", "statement.class"),
            row("refusal", "refusal"),
            row("reason", "detail.reason"),
            row("attempts", "detail.count"),
            row("policies", "decision.policies"),
            row("policy_set", "decision.policy_set"),
        ],
    },
    Query {
        name: "approvals",
        title: "Approvals register",
        answers: "Which calls were put before people, who decided, was it in time, and was the approval used?",
        types: &["approval.requested"],
        any: &[],
        except: CANARIES,
        shape: Shape::Follow {
            by: "approval.id",
            opens: &["approval.requested"],
            steps: &[
                ("approved", &["approval.approved"]),
                ("end", &["approval.used", "approval.rejected", "approval.expired"]),
            ],
        },
        columns: &[
            row("index", "index"),
            row("requested", "ts"),
            row("approval", "approval.id"),
            row("call", "call"),
            row("actor", "actor.id"),
            row("server", "server"),
            row("method", "method"),
            row("target", "target.name|target.id"),
            row("policies", "decision.policies"),
            row("quorum", "detail.quorum"),
            step("approved", "approved_index", "index"),
            step("approved", "approved", "ts"),
            step("approved", "approved_by", "actor.id"),
            end("end_index", "index"),
            end("ended", "ts"),
            end("end", "type"),
            end("ended_by", "actor.id"),
            end("used_for", "call"),
        ],
    },
    Query {
        name: "masking",
        title: "Masking register",
        answers: "In which messages was something masked, by which detectors, and how often? Never a value.",
        types: &[
            "call.intent",
            "call.denied",
            "call.frame",
            "call.outcome",
            "approval.requested",
            "approval.approved",
            "approval.rejected",
        ],
        any: &[&[present("redactions")]],
        except: CANARIES,
        shape: Shape::Each,
        columns: &[
            row("index", "index"),
            row("time", "ts"),
            row("event", "type"),
            row("call", "call"),
            row("server", "server"),
            row("method", "method"),
            row("detectors", "redactions"),
            row("bytes", "payload.bytes"),
        ],
    },
    Query {
        name: "changes",
        title: "Configuration and policy changes",
        answers: "What was to change, and what changed, in rules, configuration and sessions, when and by whom?",
        types: &[
            "policy.proposed",
            "policy.published",
            "config.changed",
            "breakglass.proposed",
            "breakglass.entered",
            "breakglass.used",
            "breakglass.exited",
            "session.ended",
        ],
        any: &[],
        except: &[],
        shape: Shape::Each,
        columns: &[
            row("index", "index"),
            row("time", "ts"),
            row("event", "type"),
            row("actor_kind", "actor.kind"),
            row("actor", "actor.id"),
            row("approval", "approval.id"),
            row("proposal", "detail.proposal"),
            row("step", "detail.step"),
            row("policy_set", "detail.policy_set"),
            row("configuration", "detail.configuration"),
            row("previous", "detail.previous|detail.base"),
            row("added", "detail.added"),
            row("changed", "detail.changed"),
            row("removed", "detail.removed"),
            row("weakened", "detail.weakened"),
            row("session", "session"),
            row("detail", "detail"),
        ],
    },
    Query {
        name: "principals",
        title: "Principals",
        answers: "Who acted in the period, as what kind of caller, from when to when, and how often?",
        types: &["call.intent", "call.denied", "approval.approved", "approval.rejected"],
        any: &[&[present("actor.id")]],
        except: CANARIES,
        shape: Shape::Group { by: &["actor.id"] },
        columns: &[
            row("actor", "actor.id"),
            row("kind", "actor.kind"),
            row("issuer", "actor.issuer"),
            row("first_seen", "ts"),
            last("last_seen", "ts"),
            count("calls", "call.intent"),
            count("denied", "call.denied"),
            count("approved", "approval.approved"),
            count("rejected", "approval.rejected"),
        ],
    },
    Query {
        name: "tools",
        title: "Tools and other targets in use",
        answers: "Which tools, prompts and resources were called, how often, under which definition?",
        types: CALLS,
        any: &[&[present("server"), present("target.name|target.id")]],
        except: CANARIES,
        shape: Shape::Group { by: &["server", "target.kind", "target.name|target.id"] },
        columns: &[
            row("server", "server"),
            row("kind", "target.kind"),
            row("target", "target.name|target.id"),
            row("first_seen", "ts"),
            last("last_seen", "ts"),
            count("calls", "call.intent"),
            count("denied", "call.denied"),
            last("definition", "definition"),
        ],
    },
    Query {
        name: "definitions",
        title: "Changes of tool definitions",
        answers: "Which upstreams changed what their tools say they do, and who accepted it?",
        types: &["tools.changed"],
        any: &[],
        except: &[],
        shape: Shape::Each,
        columns: &[
            row("index", "index"),
            row("time", "ts"),
            row("server", "server"),
            row("added", "detail.added"),
            row("changed", "detail.changed"),
            row("document", "detail.document"),
            row("name", "detail.name"),
            row("before", "detail.before"),
            row("accepted", "detail.accepted"),
            row("accepted_by", "detail.by"),
            row("reason_commitment", "payload.commitment"),
        ],
    },
    Query {
        name: "keys",
        title: "Keys",
        answers: "Which keys were made, replaced and withdrawn, with which rights: those of the log, of programs, of people?",
        types: &[
            "key.created",
            "key.rotated",
            "key.revoked",
            "passkey.registered",
            "passkey.removed",
            "log.genesis",
            "log.seal",
        ],
        any: &[],
        except: &[],
        shape: Shape::Each,
        columns: &[
            row("index", "index"),
            row("time", "ts"),
            row("event", "type"),
            row("purpose", "detail.purpose"),
            row("key", "detail.credential|detail.key|detail.next_key"),
            row("actor", "detail.actor|actor.id"),
            row("kind", "detail.kind"),
            row("groups", "detail.groups"),
            row("servers", "detail.servers"),
            row("created_by", "detail.created_by"),
            row("expires", "detail.expires"),
            row("revoked", "detail.revoked"),
            row("reason", "detail.reason"),
        ],
    },
    Query {
        name: "retention",
        title: "Retention and disposal",
        answers: "What was erased by rule, and which legal holds were placed and lifted?",
        types: &["retention.deleted", "hold.set", "hold.cleared"],
        any: &[],
        except: &[],
        shape: Shape::Each,
        columns: &[
            row("index", "index"),
            row("time", "ts"),
            row("event", "type"),
            row("actor_kind", "actor.kind"),
            row("actor", "actor.id"),
            row("detail", "detail"),
        ],
    },
    Query {
        name: "viewing",
        title: "Access to recordings and evidence",
        answers: "Who looked at recorded bodies, and who exported evidence?",
        types: &["recording.viewed", "evidence.exported"],
        any: &[],
        except: &[],
        shape: Shape::Each,
        columns: &[
            row("index", "index"),
            row("time", "ts"),
            row("event", "type"),
            row("actor_kind", "actor.kind"),
            row("actor", "actor.id"),
            row("session", "detail.session|session"),
            row("by", "detail.by"),
            row("user", "detail.uid"),
            row("detail", "detail"),
        ],
    },
    Query {
        name: "reviews",
        title: "Access reviews",
        answers: "When was it reviewed who may do what, over which grants, and what came of it?",
        types: &["review.started"],
        any: &[],
        except: &[],
        shape: Shape::Follow {
            by: "detail.review",
            opens: &["review.started"],
            steps: &[("end", &["review.closed"])],
        },
        columns: &[
            row("index", "index"),
            row("started", "ts"),
            row("review", "detail.review"),
            row("started_by", "actor.id"),
            row("as_of", "detail.at"),
            row("policy_set", "detail.policy_set"),
            row("grants", "detail.grants"),
            row("document", "detail.document"),
            row("reviewers", "detail.reviewers"),
            row("due", "detail.due"),
            end("end_index", "index"),
            end("closed", "ts"),
            end("closed_by", "actor.kind"),
            end("closer", "actor.id"),
            end("policy_set_at_end", "detail.policy_set"),
            end("kept", "detail.keep"),
            end("revoked", "detail.revoke"),
            end("changed", "detail.change"),
            end("undecided", "detail.undecided"),
            end("gone", "detail.gone"),
            end("standing", "detail.standing"),
        ],
    },
    Query {
        name: "review_decisions",
        title: "Decisions of access reviews",
        answers: "What did which reviewer say about each grant, why, and was it done?",
        types: &["review.decided"],
        any: &[],
        except: &[],
        shape: Shape::Follow {
            by: "detail.key",
            opens: &["review.decided"],
            steps: &[("applied", &["review.applied"])],
        },
        columns: &[
            row("index", "index"),
            row("time", "ts"),
            row("review", "detail.review"),
            row("grant", "detail.grant"),
            row("holder", "detail.holder"),
            row("server", "detail.server"),
            row("action", "detail.action"),
            row("target", "detail.target"),
            row("statement", "detail.statement"),
            row("outcome", "detail.outcome"),
            row("decision", "detail.decision"),
            row("reason", "detail.reason"),
            row("reviewer_kind", "actor.kind"),
            row("reviewer", "actor.id"),
            row("policy_set", "detail.policy_set"),
            step("applied", "applied_index", "index"),
            step("applied", "applied", "ts"),
            step("applied", "policy_set_then", "detail.policy_set"),
            step("applied", "standing", "detail.standing"),
        ],
    },
    Query {
        name: "canaries",
        title: "Control canaries",
        answers: "Did the gateway try its own controls throughout the period, and did each work?",
        types: &["canary.checked"],
        any: &[],
        except: &[],
        shape: Shape::Each,
        columns: &[
            row("index", "index"),
            row("time", "ts"),
            row("canary", "detail.canary"),
            row("server", "server"),
            row("tool", "detail.tool"),
            row("expected", "detail.expected"),
            row("found", "detail.found"),
            row("result", "detail.result"),
            row("detector", "detail.detector"),
            row("call", "detail.call"),
            row("policies", "detail.policies"),
            row("policy_set", "detail.policy_set"),
        ],
    },
    Query {
        name: "availability",
        title: "Availability of the gateways",
        answers: "Which gateway processes wrote the log, from when to when, and did each stop in order?",
        types: &["log.genesis", "gateway.started", "log.heartbeat", "gateway.stopped", "log.seal"],
        any: &[],
        except: &[],
        shape: Shape::Group { by: &["lane"] },
        columns: &[
            row("lane", "lane"),
            row("first", "ts"),
            last("last", "ts"),
            count("started", "gateway.started"),
            count("heartbeats", "log.heartbeat"),
            count("stopped", "gateway.stopped"),
        ],
    },
];

/// Types of leaves that make no row of any population and belong to none, each with the reason.
pub const OUTSIDE: &[(&str, &str)] = &[
    (
        "call.frame",
        "a part of an answer: its call is listed, whose outcome commits to it; `masking` has those with something masked",
    ),
    ("audit.gap", "a time without record: it is in the gap register and among the exceptions"),
];

const fn row(name: &'static str, member: &'static str) -> Column {
    Column { name, member, of: Source::Row }
}

const fn end(name: &'static str, member: &'static str) -> Column {
    step("end", name, member)
}

const fn step(step: &'static str, name: &'static str, member: &'static str) -> Column {
    Column { name, member, of: Source::Step(step) }
}

const fn last(name: &'static str, member: &'static str) -> Column {
    Column { name, member, of: Source::Last }
}

const fn count(name: &'static str, event: &'static str) -> Column {
    Column { name, member: "", of: Source::Count(event) }
}

const fn present(member: &'static str) -> Condition {
    Condition { member, one_of: &[] }
}

const fn one_of(member: &'static str, one_of: &'static [&'static str]) -> Condition {
    Condition { member, one_of }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leaf::EventType;

    /// The type of each leaf that makes a row of a population, or belongs to one.
    fn covered() -> Vec<&'static str> {
        let of = |query: &'static Query| {
            let steps: Vec<&str> = match query.shape {
                Shape::Follow { steps, .. } => steps.iter().flat_map(|(_, types)| *types).copied().collect(),
                Shape::Each | Shape::Group { .. } => Vec::new(),
            };
            // What was masked is no answer to who did what.
            let own = if query.name == "masking" { &[][..] } else { query.types };
            own.iter().copied().chain(steps)
        };
        POPULATIONS.iter().flat_map(of).collect()
    }

    #[test]
    fn every_type_of_leaf_is_in_a_population_or_has_a_reason_to_be_in_none() {
        let covered = covered();
        for event in EventType::ALL {
            let outside = OUTSIDE.iter().any(|(name, _)| *name == event.as_str());
            assert!(
                covered.contains(&event.as_str()) != outside,
                "`{event}`: put it into the population where an auditor looks for it, or into OUTSIDE with the reason"
            );
        }
    }

    #[test]
    fn script_says_of_the_same_leaves_which_population_they_are_in() {
        let script = include_str!("../../verify.py");
        let (_, after) = script.split_once("ABOUT_LEAVES = {").expect("the table");
        let table = after.split_once('}').expect("its end").0.replace(['\n', ' '], "");
        for query in POPULATIONS {
            let row = format!("\"{}\":\"{}\"", query.name, query.types.concat());
            assert!(table.contains(&row), "ABOUT_LEAVES of verify.py lacks {} {:?}", query.name, query.types);
        }
    }
}
