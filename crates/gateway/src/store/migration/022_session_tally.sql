-- How many calls each recording session holds, and the leaf that begins its last one. Made from leaves by following the log;
-- counted anew when `follower` is empty. Never evidence.
CREATE TABLE session_tally (
  id BYTEA PRIMARY KEY,
  calls BIGINT NOT NULL,
  denied BIGINT NOT NULL,
  last_ts BIGINT NOT NULL,
  last_place BIGINT NOT NULL
) STRICT;
-- How many leaves of the log are counted in them. Behind `size` only where the log was followed before this step.
ALTER TABLE follower ADD COLUMN sessions BIGINT NOT NULL DEFAULT 0;
