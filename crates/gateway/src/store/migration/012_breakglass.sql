-- Break-glass: for a while, held calls of named people go ahead without approval. `state`: proposed, entering, entered,
-- ended. `proposal`, `leaf`: hashes of the leaves that say so; `noted`: when the log had the leaf about its end. `sealed`:
-- who wants what and why, and who confirmed; `seal`: keyed MAC of what is in force, so that only a gateway of this log puts it.
CREATE TABLE breakglass (
  id BYTEA PRIMARY KEY,
  state TEXT NOT NULL,
  proposed BIGINT NOT NULL,
  proposal BYTEA NOT NULL,
  claimed BIGINT,
  entered BIGINT,
  until BIGINT,
  leaf BYTEA,
  seal BYTEA,
  ended BIGINT,
  reason TEXT,
  noted BIGINT,
  day BIGINT NOT NULL,
  commitment BYTEA NOT NULL,
  sealed BYTEA NOT NULL
) STRICT;
CREATE INDEX breakglass_live ON breakglass (proposed) WHERE noted IS NULL;

-- What one process does at a time, of all on this database: until it gives the row back, or is taken for dead.
CREATE TABLE lease (
  name TEXT PRIMARY KEY,
  holder BYTEA NOT NULL,
  ts BIGINT NOT NULL
) STRICT;
