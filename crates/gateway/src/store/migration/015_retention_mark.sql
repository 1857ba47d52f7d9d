-- How far each rule has gone: every body of days up to `day` was looked at when it was older than `days`, by the rules with
-- this digest and the legal holds with this revision. With others everything is looked at again.
CREATE TABLE retention_mark (
  days BIGINT PRIMARY KEY,
  rules BYTEA NOT NULL,
  holds BIGINT NOT NULL,
  day BIGINT NOT NULL
) STRICT;
-- What is sealed with the key of a day, among what people did.
CREATE INDEX context_day ON context (day);
