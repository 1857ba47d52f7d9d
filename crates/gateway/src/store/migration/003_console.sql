-- People signed in to the console. `id`: SHA-256 of what their browser holds. `fresh_until`: until then nobody asks the
-- issuer again; `ends`: after that they sign in anew, whatever the issuer says. `turn` counts renewals, `claimed`: when a
-- gateway began to ask. `sealed`: who they are, and what the issuer is asked with.
CREATE TABLE sign_in (
  id BYTEA PRIMARY KEY,
  began BIGINT NOT NULL,
  fresh_until BIGINT NOT NULL,
  ends BIGINT NOT NULL,
  turn BIGINT NOT NULL,
  claimed BIGINT,
  sealed BYTEA NOT NULL
) STRICT;
CREATE INDEX sign_in_ends ON sign_in (ends);

-- Whether an approval has ended since the last look.
CREATE INDEX approval_ended ON approval (ended) WHERE ended IS NOT NULL;

-- What pages look for, made from leaves by following the log; empty tables are filled again. Never evidence.
-- How many leaves were followed. One row.
CREATE TABLE follower (
  one BIGINT PRIMARY KEY CHECK (one = 1),
  size BIGINT NOT NULL
) STRICT;

-- Full tiles of the trees over the log, one tree per epoch.
CREATE TABLE tile (
  epoch BIGINT NOT NULL,
  level BIGINT NOT NULL,
  idx BIGINT NOT NULL,
  hashes BYTEA NOT NULL,
  PRIMARY KEY (epoch, level, idx)
) STRICT;

-- Counts of calls by minute (minutes since 1970).
CREATE TABLE minute (
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (at, kind)
) STRICT;
