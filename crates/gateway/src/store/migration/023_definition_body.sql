-- SHA-256 of `body`, which the seal of the row is over.
ALTER TABLE definition ADD COLUMN body_hash BYTEA;
