-- Policy sets that somebody wants to be in force. `base`: the set that was in force then; `files`: JSON, a list of names and
-- texts. `person`: hash of issuer and subject of who wants it; `sealed`: who that is. `claimed`: the lane of the process
-- that publishes it; `ended`: when it was published or given up.
CREATE TABLE policy_proposal (
  id BYTEA PRIMARY KEY,
  policy_set BYTEA NOT NULL,
  base BYTEA NOT NULL,
  files TEXT NOT NULL,
  person BYTEA NOT NULL,
  created BIGINT NOT NULL,
  claimed BIGINT,
  ended BIGINT,
  day BIGINT NOT NULL,
  commitment BYTEA NOT NULL,
  sealed BYTEA NOT NULL,
  seal BYTEA NOT NULL
) STRICT;
CREATE INDEX policy_proposal_open ON policy_proposal (created) WHERE ended IS NULL;

-- Policy sets that were put in force there (`seal`, as above: keyed MAC, so that only a gateway of this log writes a row); the one with the highest number is.
CREATE TABLE policy_publication (
  number BIGINT PRIMARY KEY,
  policy_set BYTEA NOT NULL,
  files TEXT NOT NULL,
  seal BYTEA NOT NULL,
  ts BIGINT NOT NULL
) STRICT;
