-- One row per epoch but the first: the log that begins with lane `first_lane` and, in the numbering of `span` and
-- `checkpoint`, with index `first_index`. `sealed`: 1 when the epoch before ended with `log.seal`, 0 when a loss was
-- declared.
CREATE TABLE epoch (
  number BIGINT PRIMARY KEY,
  first_lane BIGINT NOT NULL,
  first_index BIGINT NOT NULL,
  sealed BIGINT NOT NULL,
  ts BIGINT NOT NULL
) STRICT;
