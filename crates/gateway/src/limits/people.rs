//! Limits of what people are asked and told by mail, of policies that they propose, of passkeys that they sign with.

/// Most proposals of policies that are open at once.
pub const POLICY_PROPOSALS_MAX: usize = 20;
/// Time after which a proposal that nobody took is over, and one that is over is forgotten, in milliseconds.
pub const POLICY_PROPOSAL_KEPT_MS: u64 = 14 * 24 * 60 * 60 * 1_000;
/// Time between two attempts to be the one who decides in reviews of access, of all gateways on a database.
pub const REVIEW_TURN_RETRY_MS: u64 = 50;
/// Most such attempts: they take ten seconds.
pub const REVIEW_TURN_ATTEMPTS_MAX: u32 = 200;
/// Time after which a gateway that decides, and says nothing, is taken for dead.
pub const REVIEW_TURN_DEAD_MS: u64 = 60_000;
/// Longest name of a policy file that is published, in bytes.
pub const POLICY_FILE_NAME_BYTES_MAX: usize = 100;
/// Time in which a mail server takes a message: it may be slow on purpose.
pub const SMTP_TIMEOUT_MS: u64 = 30_000;
/// Longest line of a mail server's reply, in bytes (RFC 5321 has 512).
pub const SMTP_LINE_BYTES_MAX: usize = 1_024;
/// Most lines of a mail server's reply.
pub const SMTP_REPLY_LINES_MAX: usize = 64;
/// Most addresses that a message goes to.
pub const MAIL_RECIPIENTS_MAX: usize = 32;
/// Longest text of others in one line of a message, in bytes.
pub const MAIL_TEXT_BYTES_MAX: usize = 200;
/// Most passkeys of one person.
pub const PASSKEYS_PER_PERSON_MAX: u64 = 20;
/// Longest name of a passkey, in bytes.
pub const PASSKEY_NAME_BYTES_MAX: usize = 64;
/// Time that registering a passkey takes at most, in milliseconds.
pub const PASSKEY_OFFER_MS: u64 = 5 * 60 * 1_000;
/// Time after signing in in which a passkey can be registered, in milliseconds.
pub const PASSKEY_SIGN_IN_AGE_MS: u64 = 15 * 60 * 1_000;
/// Most bytes that an authenticator says of a key that it made: the statement and the key of one with 4096 bits of RSA.
pub const PASSKEY_ATTESTATION_BYTES_MAX: usize = 8 * 1024;
/// Time in which a server says what the tool of a held call is, in milliseconds.
pub const TOOLS_ASKED_MS: u64 = 10_000;
/// Most pages of tools that it is asked for because of one held call.
pub const TOOLS_ASKED_PAGES_MAX: usize = 50;
