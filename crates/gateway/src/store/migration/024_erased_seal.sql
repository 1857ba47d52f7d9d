-- What only a gateway can write beside the row (see `seal`): a note counts before its leaf has an index in the log, too.
ALTER TABLE erased ADD COLUMN seal BYTEA;
