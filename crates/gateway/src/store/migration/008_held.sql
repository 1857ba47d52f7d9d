-- Held calls whose callers ask about them as tasks, once they run. `alive`: when the process that runs the call said so
-- last; `ended`: when the answer was there. `sealed`: the answer, for the caller alone; kept for a while.
CREATE TABLE held_task (
  approval BYTEA PRIMARY KEY,
  alive BIGINT NOT NULL,
  ended BIGINT,
  day BIGINT,
  commitment BYTEA,
  sealed BYTEA
) STRICT;
CREATE INDEX held_task_alive ON held_task (alive);
