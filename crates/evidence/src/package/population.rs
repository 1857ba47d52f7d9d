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

/// Every population, in the order of the report.
pub const POPULATIONS: &[Query] = &[
    Query {
        name: "calls",
        title: "All calls",
        answers: "Which calls were made, by whom, what was decided, and how did each end?",
        types: CALLS,
        any: &[],
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
        answers: "What changed in the rules and the configuration, when, and by whom?",
        types: &["policy.published", "config.changed", "breakglass.entered", "breakglass.exited"],
        any: &[],
        shape: Shape::Each,
        columns: &[
            row("index", "index"),
            row("time", "ts"),
            row("event", "type"),
            row("actor_kind", "actor.kind"),
            row("actor", "actor.id"),
            row("approval", "approval.id"),
            row("policy_set", "detail.policy_set"),
            row("previous", "detail.previous"),
            row("added", "detail.added"),
            row("changed", "detail.changed"),
            row("removed", "detail.removed"),
            row("detail", "detail"),
        ],
    },
    Query {
        name: "principals",
        title: "Principals",
        answers: "Who acted in the period, as what kind of caller, from when to when, and how often?",
        types: &["call.intent", "call.denied", "approval.approved", "approval.rejected"],
        any: &[&[present("actor.id")]],
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
            row("reason", "detail.reason"),
        ],
    },
    Query {
        name: "keys",
        title: "Keys",
        answers: "Which keys were made, replaced and withdrawn, with which rights?",
        types: &["key.created", "key.rotated", "key.revoked"],
        any: &[],
        shape: Shape::Each,
        columns: &[
            row("index", "index"),
            row("time", "ts"),
            row("event", "type"),
            row("purpose", "detail.purpose"),
            row("key", "detail.key"),
            row("kind", "detail.kind"),
            row("groups", "detail.groups"),
            row("servers", "detail.servers"),
            row("created_by", "detail.created_by"),
            row("expires", "detail.expires"),
            row("revoked", "detail.revoked"),
        ],
    },
    Query {
        name: "retention",
        title: "Retention and disposal",
        answers: "What was erased by rule, and which legal holds were placed and lifted?",
        types: &["retention.deleted", "hold.set", "hold.cleared"],
        any: &[],
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
        name: "availability",
        title: "Availability of the gateways",
        answers: "Which gateway processes wrote the log, from when to when, and did each stop in order?",
        types: &["log.genesis", "gateway.started", "log.heartbeat", "gateway.stopped"],
        any: &[],
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
