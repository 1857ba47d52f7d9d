-- What only whoever has the key directory can write beside a row (see `seal`). `refused`: when a gateway found that it is
-- not theirs.
ALTER TABLE notice ADD COLUMN seal BYTEA;
ALTER TABLE notice ADD COLUMN refused BIGINT;
DROP INDEX notice_waiting;
CREATE INDEX notice_waiting ON notice (ts) WHERE noted IS NULL AND refused IS NULL;
CREATE INDEX notice_refused ON notice (refused) WHERE refused IS NOT NULL;
CREATE INDEX notice_event ON notice (event, ts);
-- Holds are what the log says, and notices that ask for it.
DROP TABLE hold;
