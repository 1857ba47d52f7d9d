-- `seal`: see `seal`. `pinned`: the definition that was pinned when this one was first seen, so that deleting rows pins no
-- other one.
ALTER TABLE acceptance ADD COLUMN seal BYTEA;
ALTER TABLE definition ADD COLUMN pinned BYTEA;
ALTER TABLE definition ADD COLUMN seal BYTEA;
