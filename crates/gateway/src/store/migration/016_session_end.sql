-- Recording sessions that an administrator ended. Rows are only added: what is ended stays so.
CREATE TABLE session_end (
  id BYTEA PRIMARY KEY,
  ts BIGINT NOT NULL
) STRICT;
-- The protocol sessions of a recording session.
CREATE INDEX mcp_session_recording ON mcp_session (session);
-- Pages go on after a session, not after its moment: several begin at one.
DROP INDEX session_ts;
CREATE INDEX session_ts ON session (ts, id);
DROP INDEX session_actor;
CREATE INDEX session_actor ON session (actor, ts, id);
