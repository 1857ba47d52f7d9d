//! Every limit of the product, in one place: sizes in bytes, times in milliseconds unless the name says otherwise.

pub mod breakglass;
mod message;
mod people;
pub mod session;
mod store;

pub use message::{
    EVENT_ID_BYTES_MAX, MCP_SESSION_KEPT_MS, SCHEMA_MIRRORS_MAX, TASK_KEPT_MS, TWINS_MAX, USE_NOTED_MS,
};
pub use people::{
    MAIL_RECIPIENTS_MAX, MAIL_TEXT_BYTES_MAX, PASSKEY_ATTESTATION_BYTES_MAX, PASSKEY_NAME_BYTES_MAX,
    PASSKEY_OFFER_MS, PASSKEY_SIGN_IN_AGE_MS, PASSKEYS_PER_PERSON_MAX, POLICY_FILE_NAME_BYTES_MAX,
    POLICY_PROPOSAL_KEPT_MS, POLICY_PROPOSALS_MAX, REVIEW_TURN_ATTEMPTS_MAX, REVIEW_TURN_DEAD_MS,
    REVIEW_TURN_RETRY_MS, SMTP_LINE_BYTES_MAX, SMTP_REPLY_LINES_MAX, SMTP_TIMEOUT_MS, TOOLS_ASKED_MS,
    TOOLS_ASKED_PAGES_MAX,
};
pub use store::{
    BEGINNINGS_MAX, COLUMNS_ALTERED_MAX, COLUMNS_LEAVES, COLUMNS_LOOK_MS, DATABASE_BUSY_MS,
    DATABASE_CONNECT_MS, DATABASE_READS_MAX, DATABASE_SILENCE_MS, DOCTOR_LEAVES_MAX, ERASURES_MAX,
    LISTEN_DEAF_MS, LISTEN_LOOK_MS, LISTEN_PATIENCE, LISTEN_RETRY_MS, LISTEN_RETRY_MS_MAX, LISTEN_SILENCE,
    LOG_LOOK_BACK_MS, POSTGRES_VERSION_MIN, RETENTION_LANES_MAX, RETENTION_MS, RETENTION_PAGE,
    STATEMENTS_MAX, TRANSACTION_ATTEMPTS_MAX, WAL_PAGES,
};

/// Largest request body accepted from a caller.
pub const REQUEST_BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Largest JSON answer accepted from an upstream.
pub const ANSWER_BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Largest JSON answer that policy may let pass unread.
pub const UNREAD_BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most parts of one message that nobody can look into.
pub const OPAQUE_PARTS_MAX: usize = 1_024;
/// Largest single server-sent event.
pub const EVENT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most events of a stream judged and recorded at once.
pub const EVENTS_BATCH_MAX: usize = 64;
/// Deepest nesting of JSON in either direction.
pub const JSON_DEPTH_MAX: usize = 128;
/// Most messages in a 2025-03-26 batch.
pub const BATCH_MESSAGES_MAX: usize = 64;
/// Most members of a message's envelope, `params`, `result`, `error` or `_meta`.
pub const MESSAGE_MEMBERS_MAX: usize = 1024;
/// Longest method, tool, resource or prompt name.
pub const NAME_BYTES_MAX: usize = 4096;
/// Longest `Mcp-Session-Id`.
pub const SESSION_ID_BYTES_MAX: usize = 1024;
/// Legacy sessions remembered in memory.
pub const SESSIONS_MAX: u64 = 100_000;
/// Time a legacy session may be idle before this process forgets it (the store does not).
pub const SESSION_IDLE_MS: u64 = 60 * 60 * 1_000;
/// Most calls open in one legacy session.
pub const SESSION_OPEN_CALLS_MAX: usize = 1_024;
/// Answered calls of one legacy session remembered for replays.
pub const SESSION_REPLAYS_MAX: usize = 64;
/// Most requests of the upstream unanswered in one legacy session.
pub const SESSION_ASKS_MAX: usize = 256;
/// Time between looks for definitions that other gateways learned.
pub const CATALOG_LOOK_MS: u64 = 1_000;
/// Most things remembered per server in the catalog.
pub const CATALOG_ENTRIES_MAX: usize = 10_000;
/// Longest `User-Agent` kept.
pub const USER_AGENT_BYTES_MAX: usize = 256;
/// Longest bearer token.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// All request headers together.
pub const HEADER_BYTES_MAX: usize = 64 * 1024;
/// The same, as HTTP/2 counts them.
pub const HEADER_BYTES_MAX_U32: u32 = 64 * 1024;
/// Most requests at once on one HTTP/2 connection.
pub const STREAMS_PER_CONNECTION_MAX: u32 = 256;
/// Most headers on a request.
pub const HEADERS_MAX: usize = 128;
/// Time a caller has to send its request head.
pub const HEAD_TIMEOUT_MS: u64 = 10_000;
/// Time a caller has to send its request body.
pub const BODY_TIMEOUT_MS: u64 = 30_000;
/// Most connections served at once.
pub const CONNECTIONS_MAX: usize = 10_000;
/// Most exchanges in flight at once.
pub const EXCHANGES_MAX: usize = 4_096;
/// Time an upstream has to begin its answer, unless the server's configuration says otherwise.
pub const UPSTREAM_TIMEOUT_MS: u64 = 300_000;
/// Events of one stream that may wait for a slow caller before the upstream is slowed down.
pub const STREAM_WAITING_EVENTS_MAX: usize = 16;
/// The same events, together; a single larger one waits alone.
pub const STREAM_WAITING_BYTES_MAX: usize = 256 * 1024;
/// Time a stream may be silent, or its caller may take nothing of it, before it is ended.
pub const STREAM_IDLE_MS: u64 = 15 * 60 * 1_000;
/// Longest that one stream may last, unless the configuration says otherwise.
pub const STREAM_MS: u64 = 24 * 60 * 60 * 1_000;
/// Most events of one stream.
pub const STREAM_EVENTS_MAX: usize = 1_000_000;
/// Time an upstream has to end a stream after its answer.
pub const STREAM_END_MS: u64 = 2_000;
/// Time a legacy exchange whose stream ended early may wait to be delivered by resumption.
pub const RESUME_WINDOW_MS: u64 = 5 * 60 * 1_000;
/// Time for which the gateway still takes connections after SIGTERM, unless the configuration says otherwise.
pub const DRAIN_GRACE_MS: u64 = 5_000;
/// Longest that the configuration may say.
pub const DRAIN_GRACE_MS_MAX: u64 = 10 * 60 * 1_000;
/// Time that a connection on which nothing was asked yet still has when the listener ends.
pub const FIRST_REQUEST_MS: u64 = 2_000;
/// Time for which connections that the system made already are taken when the listener ends.
pub const BACKLOG_MS: u64 = 50;
/// Time given to exchanges in flight when the gateway is asked to stop.
pub const DRAIN_MS: u64 = 30_000;
/// Most entries waiting for the ledger's writer.
pub const LEDGER_QUEUE_MAX: usize = 4_096;
/// Most entries in one transaction of the ledger's writer.
pub const LEDGER_BATCH_MAX: usize = 512;
/// How often the ledger's writer lets others run before it commits, while entries keep arriving.
pub const LEDGER_YIELDS_MAX: u32 = 16;
/// Time an entry may wait for its commit before the call is refused.
pub const LEDGER_WAIT_MS: u64 = 10_000;
/// All outcomes kept in memory while the ledger is blocked.
pub const LATE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Time between attempts to write again while the ledger is blocked.
pub const LEDGER_RETRY_MS: u64 = 1_000;
/// Largest body that is sealed on the thread that asks; larger ones go to a blocking thread.
pub const SEAL_INLINE_BYTES_MAX: usize = 64 * 1024;
/// Calls of one session that a list of sessions counts where the log was not followed.
pub const SESSION_COUNT_MAX: u64 = 250;
/// Calls of one session shown by a command.
pub const SESSION_CALLS_MAX: u32 = 100_000;
/// Rows of each list that a report shows; the files beside it have them all.
pub const REPORT_ROWS_MAX: usize = 40;
/// Exceptions of one rule that a report shows.
pub const REPORT_EXCEPTIONS_MAX: usize = 8;
/// Characters of a body that the page of a sample shows.
pub const REPLAY_CHARACTERS_MAX: usize = 40_000;
/// A line of a recorded session in a file, in bytes: a message at its largest, escaped.
pub const CAST_LINE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// How far from a leaf the steps of its approval are looked for, in microseconds: they live no longer.
pub const APPROVAL_SEARCH_US: i64 = (APPROVAL_S_MAX + 24 * 60 * 60) * 1_000_000;
/// Leaves of one call shown by a command.
pub const CALL_LEAVES_MAX: u32 = 100_000;
/// Time between looks for new leaves while a command follows the log.
pub const FOLLOW_MS: u64 = 500;
/// Time between looks for what other processes want recorded.
pub const NOTICES_MS: u64 = 5_000;
/// Most of those recorded at once.
pub const NOTICES_MAX: u32 = 64;
/// Largest facts of one of them.
pub const NOTICE_BYTES_MAX: usize = 2_048;
/// Compression contexts kept between bodies.
pub const COMPRESSORS_MAX: usize = 16;
/// Longest name of a tool or prompt that stands in a leaf; longer ones are named by their keyed MAC.
pub const LEAF_NAME_BYTES_MAX: usize = 256;
/// Contexts and sessions that the ledger remembers having written.
pub const LEDGER_MEMORY_MAX: usize = 8_192;
/// Time between looks for leaves that are not in the log yet.
pub const SEQUENCE_MS: u64 = 200;
/// Time without progress after which another process takes over putting leaves into the log.
pub const TAKEOVER_MS: u64 = 1_000;
/// Commits of one lane put into the log at once.
pub const HEADS_MAX: u32 = 512;
/// Spans of the log read at once.
pub const SPANS_MAX: u32 = 4_096;
/// Time a leaf of this process may be without a checkpoint before that is a reason for concern.
pub const COVERED_MS: u64 = 60_000;
/// Looks for signs of life of other gateways, and signs of one's own, while one may be silent.
pub const PULSES_PER_SILENCE: u32 = 6;
/// Leaves read from the database in one transaction when the whole log is read.
pub const SCAN_LEAVES_MAX: u64 = 8_192;
/// Time between heartbeats in the log.
pub const HEARTBEAT_MS: u64 = 60_000;
/// Time without a sign of life after which a gateway is taken for dead, unless the configuration says otherwise.
pub const LANE_SILENCE_MS: u64 = 60_000;
/// Shortest such time that can be configured: a slow commit must not look like a death.
pub const LANE_SILENCE_MS_MIN: u64 = 5_000;
/// Longest.
pub const LANE_SILENCE_MS_MAX: u64 = 60 * 60 * 1_000;
/// Days that recorded messages of calls which only read are kept, unless the configuration says otherwise.
pub const ORDINARY_DAYS: u32 = 90;
/// The same of calls that would change something or were held for people.
pub const PRIVILEGED_DAYS: u32 = 400;
/// Most days that can be configured.
pub const RETENTION_DAYS_MAX: u32 = 36_500;
/// Most legal holds, those that were cleared included.
pub const HOLDS_MAX: usize = 1_000;
/// Longest name of a legal hold, in bytes.
pub const HOLD_NAME_BYTES_MAX: usize = 64;
/// Shortest time between two published checkpoints.
pub const CHECKPOINT_MS: u64 = 10_000;
/// Failed authentications of one address range, server and reason recorded singly in a window; more are counted.
pub const AUTH_FAILURES_WRITTEN_MAX: u32 = 5;
/// The same over all address ranges, servers and reasons.
pub const AUTH_FAILURES_WRITTEN_ALL_MAX: u32 = 600;
/// Length of that window.
pub const AUTH_FAILURES_WINDOW_MS: i64 = 60_000;
/// Time between two looks for windows that are over.
pub const AUTH_FAILURES_LOOK_MS: u64 = 5_000;
/// Address ranges (with server and reason) told apart in a window; those beyond share one count.
pub const AUTH_FAILURES_RANGES_MAX: usize = 1_024;
/// Verified tokens remembered.
pub const TOKEN_CACHE_MAX: u64 = 10_000;
/// Largest discovery document or key set fetched from an issuer.
pub const ISSUER_DOCUMENT_BYTES_MAX: usize = 256 * 1024;
/// Tolerated difference between an issuer's clock and ours, in seconds.
pub const CLOCK_SKEW_S: i64 = 60;
/// Difference between another clock and ours, in seconds, from which on `countersign doctor` mentions it.
pub const CLOCK_DOUBT_S: i64 = 10;
/// Shortest time between two fetches of an issuer's keys caused by an unknown key id.
pub const KEYS_REFETCH_MS: u64 = 30_000;
/// Time given to fetching one issuer's discovery document and keys.
pub const ISSUER_FETCH_MS: u64 = 10_000;
/// Time a caller waits while another caller's request has them fetched: a slow issuer must not collect callers.
pub const ISSUER_WAIT_MS: u64 = 2_000;
/// Shortest time between two attempts to fetch from an issuer whose keys are not known.
pub const ISSUER_RETRY_MS: u64 = 5_000;
/// Age at which an issuer's keys are fetched again.
pub const KEYS_REFRESH_MS: u64 = 10 * 60 * 1_000;
/// Age at which an issuer's keys are no longer believed.
pub const KEYS_STALE_MS: u64 = 24 * 60 * 60 * 1_000;
/// Most keys in one issuer's set.
pub const KEYS_MAX: usize = 256;
/// Deepest nesting of JSON in a token, and in an issuer's documents.
pub const CLAIM_DEPTH_MAX: usize = 16;
/// Most groups of one principal.
pub const GROUPS_MAX: usize = 512;
/// Longest group, scope, subject, client id, display name or e-mail address in a token.
pub const CLAIM_BYTES_MAX: usize = 512;
/// Longest RFC 8693 chain of actors.
pub const ACTORS_MAX: usize = 8;
/// Longest life of a service key, in days.
pub const SERVICE_KEY_DAYS_MAX: i64 = 366;
/// Most service keys.
pub const SERVICE_KEYS_MAX: usize = 10_000;
/// Time between two reads of the service keys: a revoked key works at most this long.
pub const SERVICE_KEYS_REFRESH_MS: u64 = 2_000;
/// Time between two looks for accepted definitions: an accepted tool stays held at most this long.
pub const ACCEPTANCES_REFRESH_MS: u64 = 2_000;
/// Most cells of the table by which two definitions are compared line by line.
pub const DIFF_CELLS_MAX: usize = 1 << 20;
/// Longest reason for which a changed definition is accepted.
pub const ACCEPTANCE_REASON_BYTES_MAX: usize = 500;
/// Time between two looks whether anchors are up to date.
pub const ANCHOR_LOOK_MS: u64 = 1_000;
/// Time a witness or another anchor has to answer.
pub const ANCHOR_TIMEOUT_MS: u64 = 10_000;
/// Time after which an anchor that failed is tried again.
pub const ANCHOR_RETRY_MS: u64 = 5_000;
/// Time after which an anchor that goes on failing is a reason for concern.
pub const ANCHOR_LATE_MS: u64 = 60_000;
/// Most places where the log is published.
pub const PLACES_MAX: usize = 8;
/// Time between two checkpoints in a place, when nobody says otherwise.
pub const PUBLISH_INTERVAL_MS: u64 = 60_000;
/// What somebody may say.
pub const PUBLISH_INTERVALS_MS: std::ops::RangeInclusive<u64> = 1_000..=3_600_000;
/// Most timestamp authorities.
pub const AUTHORITIES_MAX: usize = 4;
/// Time between two timestamps, when nobody says otherwise.
pub const STAMP_INTERVAL_MS: u64 = 24 * 3_600_000;
/// What somebody may say.
pub const STAMP_INTERVALS_MS: std::ops::RangeInclusive<u64> = 60_000..=604_800_000;
/// Most by which the clock of a timestamp authority may differ.
pub const STAMP_CLOCK_MS: u64 = 300_000;
/// Time a signer of checkpoints has, when nobody says otherwise.
pub const SIGNER_TIMEOUT_MS: u64 = 5_000;
/// What somebody may say.
pub const SIGNER_TIMEOUTS_MS: std::ops::RangeInclusive<u64> = 100..=30_000;
/// Time between two looks whether the program that signs has ended.
pub const SIGNER_LOOK_MS: u64 = 5;
/// Largest answer of a signer.
pub const SIGNER_ANSWER_BYTES_MAX: u64 = 1_024;
/// Most leaves in memory while they are published.
pub const PUBLISH_LEAVES_MAX: u64 = 4_096;
/// Most files that are written to one place at once.
pub const PUBLISH_AT_ONCE_MAX: usize = 8;
/// Time after which it is proven again that a place keeps what is published there.
pub const RETENTION_PROOF_MS: u64 = 24 * 3_600_000;
/// Days for which objects may be kept.
pub const RETAIN_DAYS: std::ops::RangeInclusive<u32> = 1..=36_500;
/// Longest beginning of the names of objects.
pub const OBJECT_PREFIX_BYTES_MAX: usize = 200;
/// Largest answer of a witness, and of a bucket that was asked for no file.
pub const ANCHOR_ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Most witnesses.
pub const WITNESSES_MAX: usize = 16;
/// Time in which a witness wants the body of a request.
pub const WITNESS_BODY_MS: u64 = 10_000;
/// Most bytes of the reason for which the log is sealed or an epoch begins: both stand in a leaf with other facts.
pub const EPOCH_REASON_BYTES_MAX: usize = 500;
/// Time between two writes of when service keys were last used.
pub const SERVICE_KEYS_USED_MS: u64 = 60_000;
/// Age at which the service keys that were read are no longer believed.
pub const SERVICE_KEYS_STALE_MS: u64 = 30_000;
/// Lines of a stdio server's standard error kept in the log per second.
pub const STDERR_LINES_PER_S_MAX: u32 = 100;
/// Longest time an evidence package of the gateway's waits to be fetched, in hours.
pub const PACKAGES_KEPT_HOURS_MAX: u64 = 720;
/// Most packages that wait to be fetched.
pub const PACKAGES_MAX: usize = 16;
/// Bytes that packages, and what one is made from, may take together.
pub const PACKAGES_BYTES_MAX: u64 = 16 * 1024 * 1024 * 1024;
/// Least time between two runs of a canary, in seconds.
pub const CANARY_EVERY_S_MIN: u64 = 10;
/// Most time between two runs of a canary, in seconds.
pub const CANARY_EVERY_S_MAX: u64 = 7 * 24 * 60 * 60;
/// Most canaries.
pub const CANARIES_MAX: usize = 64;
/// Time a canary is waited for.
pub const CANARY_ANSWER_MS: u64 = 5_000;
/// Latest runs of canaries among which each one's last is looked for.
pub const CANARY_RUNS_READ_MAX: u32 = 1_000;
/// Most grants of one review of access.
pub const REVIEW_GRANTS_MAX: usize = 5_000;
/// Most reviews of access that are open at once.
pub const REVIEWS_OPEN_MAX: usize = 20;
/// Most reviewers that a review names.
pub const REVIEWERS_MAX: usize = 32;
/// Most grants that one request decides on.
pub const REVIEW_VERDICTS_MAX: usize = 200;
/// Longest time a review is open, in days.
pub const REVIEW_DAYS_MAX: i64 = 366;
/// Longest reason for what is to become of a grant.
pub const REVIEW_REASON_BYTES_MAX: usize = 500;
/// Leaves at the end of a review that are written in one commit.
pub const REVIEW_LEAVES_AT_ONCE_MAX: usize = 64;
/// Time between two looks for what is due: reviews of access, control canaries.
pub const DUE_LOOK_MS: u64 = 1_000;
/// Most policies in a set.
pub const POLICIES_MAX: usize = 10_000;
/// Deepest nesting of brackets, signs or `if` in one policy.
pub const POLICY_NESTING_MAX: usize = 64;
/// Most operators in one policy; `&&` counts as two.
pub const POLICY_OPERATORS_MAX: usize = 400;
/// Stack of the thread that reads policies.
pub const POLICY_STACK_BYTES: usize = 64 * 1024 * 1024;
/// Longest policy id.
pub const POLICY_ID_BYTES_MAX: usize = 64;
/// Most policy ids named by a decision; with more, the last entry says how many.
pub const DECIDING_POLICIES_MAX: usize = 64;
/// Most argument values that policies may look at in one call.
pub const POLICY_ARGUMENTS_MAX: usize = 4_096;
/// Longest argument that a policy may look at, as spelled in JSON.
pub const POLICY_TEXT_BYTES_MAX: usize = 256 * 1024;
/// Most policy files.
pub const POLICY_FILES_MAX: usize = 1_000;
/// All policy files together.
pub const POLICY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Time between two looks for changed policy files. A change counts after two, so it is in force within a second.
pub const POLICY_LOOK_MS: u64 = 500;
/// Most groups that one policy may name as approvers.
pub const APPROVER_GROUPS_MAX: usize = 32;
/// Most people that a policy may ask to approve one call.
pub const QUORUM_MAX: u32 = 16;
/// Longest time that a policy may give for deciding, or for using an approval, in seconds.
pub const APPROVAL_S_MAX: i64 = 7 * 24 * 60 * 60;
/// Time a held call waits for people, unless configured: less than the 60 seconds after which callers give up.
pub const APPROVAL_WAIT_MS: u64 = 50_000;
/// Longest that the configuration may say.
pub const APPROVAL_WAIT_MS_MAX: u64 = 10 * 60 * 1_000;
/// Most legs of one wait of a 2026-07-28 caller: unchanged callers follow ten.
pub const APPROVAL_LEGS_MAX: u32 = 9;
/// Time between two signs of life to a waiting caller.
pub const APPROVAL_KEEP_ALIVE_MS: u64 = 10_000;
/// Time between two polls that a caller is asked to keep to, while its held call is a task.
pub const HELD_TASK_POLL_MS: u64 = 2_000;
/// Largest answer that is kept for the caller of such a task.
pub const HELD_TASK_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long the answer is kept.
pub const HELD_TASK_KEPT_MS: u64 = 24 * 60 * 60 * 1_000;
/// Most calls that wait for approval in one process.
pub const APPROVAL_WAITERS_MAX: usize = 1_024;
/// Most live approvals.
pub const APPROVALS_LIVE_MAX: u32 = 10_000;
/// Most live approvals that one caller asked for.
pub const APPROVALS_PER_CALLER_MAX: usize = 32;
/// Attempts at a step of an approval while another step of it is under way.
pub const APPROVAL_ATTEMPTS_MAX: u32 = 100;
/// Time between two of them.
pub const APPROVAL_RETRY_MS: u64 = 50;
/// Time between two looks for decisions taken in other processes.
pub const APPROVAL_LOOK_MS: u64 = 500;
/// Time between two looks for approvals that are overdue.
pub const APPROVAL_TIDY_MS: u64 = 2_000;
/// Time after which a step that was begun and not finished is taken for that of a dead process.
pub const APPROVAL_DEAD_MS: u64 = 30_000;
/// Most approvals tidied up at once.
pub const APPROVALS_TIDIED_MAX: usize = 256;
/// Longest reason that an approver may give.
pub const APPROVAL_REASON_BYTES_MAX: usize = 2_048;
/// Most values of a call shown to approvers one by one.
pub const SHOWN_VALUES_MAX: usize = 512;
/// Longest part of a value shown to approvers; longer ones are folded to their hash.
pub const SHOWN_TEXT_BYTES_MAX: usize = 2_048;
/// Most approvals in one list.
pub const APPROVALS_LISTED_MAX: u32 = 200;
/// Most pages of approvals looked at to fill one with those that the caller may see.
pub const APPROVAL_PAGES_LOOKED_AT_MAX: u32 = 16;
/// Most webhooks.
pub const WEBHOOKS_MAX: usize = 16;
/// Time a webhook has to answer.
pub const WEBHOOK_TIMEOUT_MS: u64 = 10_000;
/// Age at which a signed request of Slack is refused, in seconds.
pub const SLACK_WINDOW_S: u64 = 5 * 60;
/// Most presses of buttons whose bodies are awaited at once: nobody has proven anything yet.
pub const SLACK_BODIES_MAX: usize = 64;
/// Time such a body has to arrive; Slack itself waits no longer for an answer.
pub const SLACK_BODY_TIMEOUT_MS: u64 = 3_000;
/// Longest text of one block of a Slack message.
pub const SLACK_TEXT_BYTES_MAX: usize = 2_900;
/// Most people in the list that says who is who in Slack.
pub const SLACK_PEOPLE_MAX: usize = 10_000;
/// Time between two looks for what is to be sent.
pub const DELIVERY_LOOK_MS: u64 = 1_000;
/// Most sent at once.
pub const DELIVERIES_AT_ONCE_MAX: usize = 16;
/// Delay before the second attempt; four times as long before each further one.
pub const DELIVERY_RETRY_FIRST_MS: u64 = 5_000;
/// Longest delay between two attempts.
pub const DELIVERY_RETRY_MAX_MS: u64 = 60 * 60 * 1_000;
/// Attempts after which a delivery is given up.
pub const DELIVERY_ATTEMPTS_MAX: u32 = 8;
/// Time after which deliveries that are over are forgotten.
pub const DELIVERY_KEPT_MS: u64 = 7 * 24 * 60 * 60 * 1_000;
/// Largest request body of the API with policy files in it.
pub const API_POLICY_BODY_BYTES_MAX: usize = 1024 * 1024;
/// Largest request body of the API otherwise.
pub const API_BODY_BYTES_MAX: usize = 16 * 1024;
/// Largest configuration file.
pub const CONFIG_BYTES_MAX: u64 = 1024 * 1024;
/// Most values in a configuration file, aliases replaced by what they stand for.
pub const CONFIG_VALUES_MAX: usize = 20_000;
/// Most upstream servers.
pub const SERVERS_MAX: usize = 256;
/// Most issuers.
pub const ISSUERS_MAX: usize = 32;
/// Longest time a server may be given to begin its answer.
pub const UPSTREAM_TIMEOUT_MS_MAX: u64 = 60 * 60 * 1_000;
/// Longest name of a deployment, an issuer or a server.
pub const LABEL_BYTES_MAX: usize = 63;

/// Time exchanges are given to record their end once they were told to stop.
pub const STOP_MS: u64 = 5_000;
/// Days before the end of a certificate from which on `countersign doctor` mentions it.
pub const CERTIFICATE_EXPIRY_DAYS: i64 = 21;
/// Days before the end of a service key from which on `countersign doctor` mentions it.
pub const SERVICE_KEY_EXPIRY_DAYS: i64 = 14;
/// Free space, in bytes, below which `countersign doctor` mentions it.
pub const DISK_FREE_BYTES_LOW: u64 = 2 * 1024 * 1024 * 1024;
/// Free space, in bytes, below which it says that this is wrong.
pub const DISK_FREE_BYTES_MIN: u64 = 128 * 1024 * 1024;
/// Time between two looks at certificate files.
pub const CERTIFICATE_WATCH_MS: u64 = 5_000;
/// Longest name written out in the detail of a leaf.
pub const NAME_IN_LEAF_BYTES_MAX: usize = 128;
/// Most names (policies, tools) written out in one leaf; the document beside it has them all.
pub const NAMES_IN_LEAF_MAX: usize = 32;
// Servers spawned on standard input and output.
/// Most processes of one server.
pub const STDIO_PROCESSES_MAX: usize = 64;
/// Most processes of one server that one principal may hold.
pub const STDIO_PROCESSES_PER_PRINCIPAL_MAX: usize = 8;
/// Most sessions on one shared process.
pub const STDIO_SESSIONS_MAX: usize = 10_000;
/// Most sessions on one shared process that one principal may hold.
pub const STDIO_SESSIONS_PER_PRINCIPAL_MAX: usize = 64;
/// Most requests in flight in one process.
pub const STDIO_REQUESTS_MAX: usize = 1_024;
/// Most requests in flight in one process for one session (legacy) or principal (modern).
pub const STDIO_REQUESTS_PER_CALLER_MAX: usize = 128;
/// Most requests of one process that wait for an answer from one caller.
pub const STDIO_ASKED_MAX: usize = 64;
/// Messages to a caller's stream that wait to be read; each is [`STDIO_MESSAGE_OVERHEAD_BYTES`] longer.
pub const STDIO_STREAM_BYTES_MAX: usize = 8 * 1024 * 1024;
/// What a waiting message costs besides its length.
pub const STDIO_MESSAGE_OVERHEAD_BYTES: usize = 1024;
/// Most messages kept for a session that has no stream open; the oldest notification is dropped for a new one.
pub const STDIO_WAITING_MAX: usize = 64;
/// The same messages, together.
pub const STDIO_WAITING_BYTES_MAX: usize = 1024 * 1024;
/// Most messages waiting to be written to a process.
pub const STDIO_INPUT_QUEUE_MAX: usize = 256;
/// Most of them that callers may occupy; the rest is for cancellations and the gateway's own answers.
pub const STDIO_INPUT_CALLERS_MAX: usize = 64;
/// Time an unshared process is held back for a caller that does not read its stream.
pub const STDIO_STALL_MS: u64 = 10_000;
/// Time a process has to end after its input was closed, and again after SIGTERM.
pub const STDIO_STOP_MS: u64 = 2_000;
/// Time the output of a process that ended is still read.
pub const STDIO_DRAIN_MS: u64 = 250;
/// Time a program has to say whether it speaks revision 2026-07-28.
pub const STDIO_PROBE_MS: u64 = 30_000;
/// Time a process, or a session on a shared one, may be unused before it is ended.
pub const STDIO_IDLE_MS: u64 = 15 * 60 * 1_000;
/// Delay before the second start in a row that failed; doubles with each further one.
pub const STDIO_RESTART_FIRST_MS: u64 = 250;
/// Longest delay between two starts.
pub const STDIO_RESTART_MAX_MS: u64 = 30_000;
/// A process that lived this long did not fail to start.
pub const STDIO_HEALTHY_MS: u64 = 60_000;
/// Exits in a row after which callers are refused at once until the delay is over.
pub const STDIO_EXITS_MAX: u32 = 3;
/// Longest line of standard error kept.
pub const STDERR_LINE_BYTES_MAX: usize = 4 * 1024;
/// Most policies named by an explanation, besides those that decided.
pub const EXPLAINED_POLICIES_MAX: usize = 20;
/// Most tools of one server that the configuration says something about.
pub const TOOLS_CONFIGURED_MAX: usize = 1_000;
/// Most values, names and detectors that the configuration adds to masking, of each.
pub const MASKING_ENTRIES_MAX: usize = 1_000;
/// Time a recognizer has for one message, unless the configuration says otherwise.
pub const RECOGNIZER_TIMEOUT_MS: u64 = 5_000;
/// Longest that the configuration may say.
pub const RECOGNIZER_TIMEOUT_MS_MAX: u64 = 60_000;
/// Messages that a recognizer is asked about at once, unless the configuration says otherwise.
pub const RECOGNIZER_PLACES: usize = 8;
/// Most that the configuration may say.
pub const RECOGNIZER_PLACES_MAX: u64 = 1_024;
/// Most text of one message that a recognizer is asked about.
pub const RECOGNIZED_BYTES_MAX: usize = 1024 * 1024;
/// Most text in one request to it; a longer text is a request of its own.
pub const RECOGNIZER_REQUEST_BYTES_MAX: usize = 64 * 1024;
/// Largest answer of it.
pub const RECOGNIZER_ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most that it may find in one message.
pub const RECOGNIZED_MARKS_MAX: usize = 10_000;
/// Longest name of what it finds.
pub const RECOGNIZER_ENTITY_BYTES_MAX: usize = 48;
/// Output schemas kept compiled, as the length of their texts together.
pub const OUTPUT_SCHEMA_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// Threads that classify statements.
pub const CLASSIFIER_THREADS: usize = 2;
/// Most statements looked at in one call; more cannot be read.
pub const STATEMENTS_PER_CALL_MAX: usize = 16;
/// Largest input of `countersign inspect`, and longest line of it, in bytes.
pub const INSPECTED_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Most people in an access-control matrix.
pub const REPORT_PEOPLE_MAX: u32 = 100_000;
/// Largest file about access in an evidence package that is computed again.
pub const ACCESS_FILE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Most combinations of somebody, a server, a method and a target that a report counts.
pub const REPORT_USES_MAX: u32 = 1_000_000;
// The console.

/// Most accounts that an issuer's sign-in offers with one click.
pub const ACCOUNTS_MAX: usize = 16;
/// Time a person has to sign in at their issuer.
pub const SIGN_IN_UNDER_WAY_MS: u64 = 10 * 60 * 1_000;
/// Most answers of issuers that are redeemed at once.
pub const SIGN_INS_REDEEMED_MAX: usize = 16;
/// Time that takes at most, the wait for its turn included.
pub const SIGN_IN_REDEEM_MS: u64 = 15_000;
/// Sign-ins remembered as redeemed, so that none is twice.
pub const SIGN_INS_REMEMBERED_MAX: usize = 1_024;
/// Time that reading the secret of the console's client takes at most.
pub const CLIENT_SECRET_MS: u64 = 5_000;
/// Time after which it is read again: it may be rotated.
pub const CLIENT_SECRET_FRESH_MS: u64 = 30_000;
/// Time after which the issuer is asked whether somebody is still who they were.
pub const SIGN_IN_FRESH_MS: u64 = 5 * 60 * 1_000;
/// Time after which people sign in anew, whatever the issuer says.
pub const SIGN_IN_MS: u64 = 12 * 60 * 60 * 1_000;
/// Time after which a gateway that asked the issuer is taken for dead.
pub const SIGN_IN_CLAIM_MS: u64 = 30_000;
/// Pause between two looks at what another gateway was told.
pub const SIGN_IN_LOOK_MS: u64 = 200;
/// Most such looks for one request.
pub const SIGN_IN_LOOKS_MAX: u32 = 50;
/// Longest value of a cookie of the console, in bytes.
pub const COOKIE_BYTES_MAX: usize = 4 * 1024;
/// Longest path that a browser is sent to after signing in, in bytes.
pub const RETURN_BYTES_MAX: usize = 1_024;
/// Elements of a page of the API, unless asked otherwise.
pub const API_PAGE: u32 = 50;
/// Most elements of a page of the API.
pub const API_PAGE_MAX: u32 = 100;
/// Most lanes that the API lists.
pub const API_LANES_MAX: u32 = 64;
/// Most streams of events to pages at once.
pub const EVENT_STREAMS_MAX: usize = 1_000;
/// Most of them for one person.
pub const EVENT_STREAMS_PER_PERSON_MAX: usize = 32;
/// Pause between two looks at what changed.
pub const EVENTS_LOOK_MS: u64 = 500;
/// Pause between two signs of life of a stream of events; who listens is checked as often.
pub const EVENTS_ALIVE_MS: u64 = 15_000;
/// Longest stream of events; the page opens another.
pub const EVENTS_MS: u64 = 10 * 60 * 1_000;
/// Most live approvals that are watched for changes.
pub const APPROVALS_WATCHED_MAX: u32 = 1_000;
/// Most leaves looked at for one page of calls; the page says how far it came.
pub const CALLS_LOOKED_AT_MAX: u32 = 2_000;
/// Most calls of each kind counted in one look for new ones.
pub const CALLS_SEEN_MAX: u32 = 10_000;
/// Pause between two looks at what the log has more.
pub const FOLLOWER_LOOK_MS: u64 = 500;
/// Most leaves followed in one transaction: evidence waits for no more.
pub const FOLLOWER_LEAVES_MAX: u64 = 512;
/// Most counts read for the activity of a week.
pub const ACTIVITY_ROWS_MAX: u32 = 400_000;
