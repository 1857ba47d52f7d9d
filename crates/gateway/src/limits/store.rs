//! Limits of the database: what is asked of it at once, how long it is waited for, how much is erased together.

/// Database reads, and rare writes, at once.
pub const DATABASE_READS_MAX: usize = 8;
/// Time to wait for another writer of the database.
pub const DATABASE_BUSY_MS: u64 = 2_000;
/// Prepared statements kept per connection.
pub const STATEMENTS_MAX: usize = 64;
/// Attempts at a transaction that collides with others.
pub const TRANSACTION_ATTEMPTS_MAX: u32 = 64;
/// Pages (4 KiB) of write-ahead log after which SQLite copies them into the database.
pub const WAL_PAGES: i64 = 4_000;
/// Time to reach the database's server.
pub const DATABASE_CONNECT_MS: u64 = 5_000;
/// Time a connection to the database may be without an answer from the other machine before it counts as broken.
pub const DATABASE_SILENCE_MS: u64 = 10_000;
/// Oldest PostgreSQL that is used, as the server counts its versions.
pub const POSTGRES_VERSION_MIN: u32 = 140_000;
/// Pause between two looks for recorded messages whose time is over.
pub const RETENTION_MS: u64 = 60 * 60 * 1_000;
/// Recorded messages looked at together, and at most erased in one transaction: evidence waits for no more.
pub const RETENTION_PAGE: u32 = 1_000;
/// Rows looked at that say they begin one call; when more do, what belongs to it is not erased.
pub const BEGINNINGS_MAX: u32 = 8;
/// Leaves looked at that are noted to say that one body was erased: ranges may lie within another.
pub const ERASURES_MAX: usize = 8;
/// Lanes named by one leaf about what was erased.
pub const RETENTION_LANES_MAX: usize = 100;
/// Time after which a connection that listens for changes and was lost is made again; doubled each time.
pub const LISTEN_RETRY_MS: u64 = 250;
/// The longest.
pub const LISTEN_RETRY_MS_MAX: u64 = 10_000;
/// Time after which it is tried again where nothing was ever heard.
pub const LISTEN_DEAF_MS: u64 = 5 * 60 * 1_000;
/// Time that is listened before looking whether anybody still wants it.
pub const LISTEN_LOOK_MS: u64 = 500;
/// So many of them without a word, and a probe is sent.
pub const LISTEN_SILENCE: u32 = 20;
/// So many more, and the probe does not come back.
pub const LISTEN_PATIENCE: u32 = 4;
/// Pause between two looks at the columns by which leaves are found.
pub const COLUMNS_LOOK_MS: u64 = 10_000;
/// Leaves looked at in one of them: new ones first, then on from where the last look ended.
pub const COLUMNS_LEAVES: u64 = 4_000;
/// Most leaves remembered whose columns say something else.
pub const COLUMNS_ALTERED_MAX: usize = 100;
/// Most leaves, the newest, that `countersign doctor` looks at.
pub const DOCTOR_LEAVES_MAX: u64 = 500_000;
/// Time before the beginning of something in which its leaves are looked for as well: gateways have clocks of their own.
pub const LOG_LOOK_BACK_MS: u64 = 10 * 60 * 1_000;
