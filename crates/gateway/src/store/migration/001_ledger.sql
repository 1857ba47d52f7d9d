-- Times are microseconds since 1970 UTC. Ids are the 16 bytes of a UUID. Hashes are 32 bytes.

-- One row per process that ever wrote. `number` is the high part of the lane's places.
-- `key`: verifies the lane's heads; `seal`: keyed MAC over the lane and its key, so that only who holds the log's keys
-- can open a lane.
-- `open_from`: no call whose intent stands before this place is still open (moved by heartbeats, for the sweeper).
-- `pulse`: counts signs of life. `closed`: when the lane ended, by its process or by another that took it for dead; never
-- undone. `swept`: when the calls it left open were ended. `settled`: when all its leaves were in the log.
CREATE TABLE lane (
  number BIGINT PRIMARY KEY,
  id BYTEA NOT NULL UNIQUE,
  key BYTEA NOT NULL,
  seal BYTEA NOT NULL,
  opened BIGINT NOT NULL,
  open_from BIGINT NOT NULL,
  pulse BIGINT NOT NULL,
  closed BIGINT,
  swept BIGINT,
  settled BIGINT
) STRICT;
CREATE INDEX lane_unsettled ON lane (number) WHERE settled IS NULL;
CREATE INDEX lane_unswept ON lane (number) WHERE swept IS NULL;

-- The leaves, in the bytes that were hashed; the other columns are copies of fields for searching, never evidence.
-- `place` is lane number * 2^40 + lane sequence: known to a lane without asking anybody, and append-only for both
-- engines. The index in the log is derived from `span`.
CREATE TABLE entry (
  place BIGINT PRIMARY KEY,
  type TEXT NOT NULL,
  ts BIGINT NOT NULL,
  call BYTEA,
  session BYTEA,
  actor TEXT,
  server TEXT,
  method TEXT,
  target TEXT,
  result TEXT,
  leaf BYTEA NOT NULL
) STRICT;

-- Every list is newest first and bounded in time, so each index ends in `ts`. They are partial because the columns
-- are absent from most leaves: an outcome names its call and nothing else.
CREATE INDEX entry_ts ON entry (ts);
-- Rare events (policy, keys, gaps) among millions of calls.
CREATE INDEX entry_type ON entry (type, ts);
-- All leaves of one call; the sweeper's question whether an intent has ended.
CREATE INDEX entry_call ON entry (call) WHERE call IS NOT NULL;
-- A session's replay; with the type, so that calls are counted without reading leaves.
CREATE INDEX entry_session ON entry (session, ts, type) WHERE session IS NOT NULL;
-- What one person or program did.
CREATE INDEX entry_actor ON entry (actor, ts) WHERE actor IS NOT NULL;
-- What was done in one server.
CREATE INDEX entry_server ON entry (server, ts) WHERE server IS NOT NULL;
-- What was done to one thing; a name that several servers share is filtered.
CREATE INDEX entry_target ON entry (target, ts) WHERE target IS NOT NULL;

-- From index `idx` on, the log holds the entries from `place` on, until the next row's index.
CREATE TABLE span (
  idx BIGINT PRIMARY KEY,
  place BIGINT NOT NULL UNIQUE
) STRICT;

-- The tip: how many leaves, and the compact Merkle tree over them. One row.
CREATE TABLE tree (
  one BIGINT PRIMARY KEY CHECK (one = 1),
  size BIGINT NOT NULL,
  frontier BYTEA NOT NULL
) STRICT;

-- What was signed, and the tree it was signed over: a start recomputes only what came after.
CREATE TABLE checkpoint (
  size BIGINT PRIMARY KEY,
  root BYTEA NOT NULL,
  note BYTEA NOT NULL,
  frontier BYTEA NOT NULL,
  ts BIGINT NOT NULL
) STRICT;

-- Keys that encrypt one day's bodies (days since 1970), themselves encrypted. Deleting a row erases the day.
CREATE TABLE data_key (
  day BIGINT PRIMARY KEY,
  wrapped BYTEA NOT NULL
) STRICT;

-- Masked bodies, sealed. The leaf at `place` holds the commitment.
CREATE TABLE payload (
  place BIGINT PRIMARY KEY,
  day BIGINT NOT NULL,
  sealed BYTEA NOT NULL
) STRICT;

-- Personal circumstances of calls (names, addresses), sealed, shared by the leaves that hold this commitment.
CREATE TABLE context (
  commitment BYTEA PRIMARY KEY,
  actor TEXT NOT NULL,
  day BIGINT NOT NULL,
  ts BIGINT NOT NULL,
  sealed BYTEA NOT NULL
) STRICT;
-- Erasing a person.
CREATE INDEX context_actor ON context (actor, ts);

-- Recording sessions as they began, so that listing them needs no scan.
CREATE TABLE session (
  id BYTEA PRIMARY KEY,
  ts BIGINT NOT NULL,
  actor TEXT NOT NULL
) STRICT;
CREATE INDEX session_ts ON session (ts);
CREATE INDEX session_actor ON session (actor, ts);

-- Policies, configurations: by SHA-256 of their bytes, so a leaf can name them.
CREATE TABLE document (
  hash BYTEA PRIMARY KEY,
  kind TEXT NOT NULL,
  ts BIGINT NOT NULL,
  bytes BYTEA NOT NULL
) STRICT;

-- Keys for callers without an issuer. Only the SHA-256 of the secret is kept. `roles` and `servers` are JSON arrays.
-- `noted_created`, `noted_revoked`: when the gateway wrote the leaf about it.
CREATE TABLE service_key (
  id TEXT PRIMARY KEY,
  hash BYTEA NOT NULL,
  kind TEXT NOT NULL,
  label TEXT NOT NULL,
  roles TEXT NOT NULL,
  servers TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  revoked BIGINT,
  used BIGINT,
  noted_created BIGINT,
  noted_revoked BIGINT
) STRICT;

-- What a command beside the gateway wants in the log: only the gateway writes leaves. `event` is the leaf's type,
-- `detail` its facts; `noted`: when the leaf was written.
CREATE TABLE notice (
  id BYTEA PRIMARY KEY,
  ts BIGINT NOT NULL,
  event TEXT NOT NULL,
  detail TEXT NOT NULL,
  noted BIGINT
) STRICT;
CREATE INDEX notice_waiting ON notice (ts) WHERE noted IS NULL;

-- Legacy protocol sessions: who may use them. `binding` is a hash of issuer and subject.
CREATE TABLE mcp_session (
  server TEXT NOT NULL,
  id_hash BYTEA NOT NULL,
  binding BYTEA NOT NULL,
  session BYTEA NOT NULL,
  ts BIGINT NOT NULL,
  ended BIGINT,
  PRIMARY KEY (server, id_hash)
) STRICT;
CREATE INDEX mcp_session_ts ON mcp_session (ts);

-- Tasks that calls created: who may ask about them, and which tool they came from.
CREATE TABLE task (
  server TEXT NOT NULL,
  id_hash BYTEA NOT NULL,
  binding BYTEA NOT NULL,
  tool TEXT,
  ts BIGINT NOT NULL,
  PRIMARY KEY (server, id_hash)
) STRICT;
CREATE INDEX task_ts ON task (ts);

-- Every definition of a tool, resource or prompt that an upstream ever listed. `since`: when it last became what the
-- upstream lists.
CREATE TABLE definition (
  server TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  hash BYTEA NOT NULL,
  body BYTEA NOT NULL,
  first_seen BIGINT NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (server, kind, name, hash)
) STRICT;

-- Changed definitions that somebody accepted, the latest of each name. The one accepted is the pinned one once the
-- log says so (`noted`); where there is none, the first one seen is.
CREATE TABLE acceptance (
  server TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  hash BYTEA NOT NULL,
  before BYTEA NOT NULL,
  reason TEXT NOT NULL,
  accepted_by TEXT NOT NULL,
  ts BIGINT NOT NULL,
  noted BIGINT,
  PRIMARY KEY (server, kind, name)
) STRICT;
