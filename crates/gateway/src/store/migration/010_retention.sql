-- Bodies in the order in which they become due.
CREATE INDEX payload_day ON payload (day, place);

-- Legal holds: bodies that must not be erased whatever their age. A member that is absent restricts nothing. A row is
-- never removed: `cleared` says when the hold ended.
CREATE TABLE hold (
  name TEXT PRIMARY KEY,
  server TEXT,
  actor TEXT,
  session BYTEA,
  since BIGINT,
  until BIGINT,
  ts BIGINT NOT NULL,
  cleared BIGINT
) STRICT;
