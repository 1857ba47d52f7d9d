-- Held calls that wait for people, or waited. `state`: opening, pending, approved; used, rejected, expired.
-- `likeness`: keyed MAC over caller, target and arguments, so that a call that is repeated finds its approval.
-- `binding`: what exactly was shown to the approvers. `asker`: hash of issuer and subject of the caller.
-- `ended`, `reason`: when and why it stopped being live; `noted`: when the log had the leaf about that.
-- `sealed`: what was asked for, by whom, and what is asked of approvers: `quorum` repeats a part of it.
CREATE TABLE approval (
  id BYTEA PRIMARY KEY,
  likeness BYTEA NOT NULL,
  binding BYTEA NOT NULL,
  state TEXT NOT NULL,
  call BYTEA NOT NULL,
  asker BYTEA NOT NULL,
  server TEXT NOT NULL,
  policy_set BYTEA NOT NULL,
  definition BYTEA,
  quorum BIGINT NOT NULL,
  requested BIGINT NOT NULL,
  decide_by BIGINT NOT NULL,
  use_by BIGINT,
  request_leaf BYTEA,
  grant_leaf BYTEA,
  used_call BYTEA,
  ended BIGINT,
  reason TEXT,
  noted BIGINT,
  day BIGINT NOT NULL,
  commitment BYTEA NOT NULL,
  sealed BYTEA NOT NULL
) STRICT;
-- Of calls that are alike, one approval at a time.
CREATE UNIQUE INDEX approval_live ON approval (likeness) WHERE ended IS NULL;
CREATE INDEX approval_open ON approval (requested) WHERE ended IS NULL;
CREATE INDEX approval_requested ON approval (requested);
CREATE INDEX approval_unnoted ON approval (ended) WHERE ended IS NOT NULL AND noted IS NULL;

-- What people said. `voter`: hash of issuer and subject; nobody counts twice. A vote counts once `leaf` is there: until
-- then it holds everything else about the approval back.
CREATE TABLE approval_vote (
  approval BYTEA NOT NULL,
  voter BYTEA NOT NULL,
  verdict TEXT NOT NULL,
  ts BIGINT NOT NULL,
  leaf BYTEA,
  day BIGINT NOT NULL,
  commitment BYTEA NOT NULL,
  sealed BYTEA NOT NULL,
  PRIMARY KEY (approval, voter, verdict)
) STRICT;

-- What somebody outside is to be told about an approval. `done`: when it arrived; `dead`: when it was given up.
CREATE TABLE delivery (
  id BYTEA PRIMARY KEY,
  sink TEXT NOT NULL,
  approval BYTEA NOT NULL,
  event TEXT NOT NULL,
  ts BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  due BIGINT NOT NULL,
  done BIGINT,
  dead BIGINT,
  fault TEXT
) STRICT;
CREATE INDEX delivery_due ON delivery (due) WHERE done IS NULL AND dead IS NULL;
CREATE INDEX delivery_ts ON delivery (ts);

-- Signed requests of others that were taken: SHA-256 of the signature.
CREATE TABLE callback (
  digest BYTEA PRIMARY KEY,
  ts BIGINT NOT NULL
) STRICT;
CREATE INDEX callback_ts ON callback (ts);
