CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entry is insert-only'); END;
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entry is insert-only'); END;
CREATE TRIGGER span_no_update BEFORE UPDATE ON span BEGIN SELECT RAISE(ABORT, 'span is insert-only'); END;
CREATE TRIGGER span_no_delete BEFORE DELETE ON span BEGIN SELECT RAISE(ABORT, 'span is insert-only'); END;
CREATE TRIGGER checkpoint_no_update BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoint is insert-only'); END;
CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoint is insert-only'); END;
CREATE TRIGGER lane_no_delete BEFORE DELETE ON lane BEGIN SELECT RAISE(ABORT, 'lane is insert-only'); END;
CREATE TRIGGER lane_no_change BEFORE UPDATE OF number, id, key, seal, opened ON lane
  BEGIN SELECT RAISE(ABORT, 'lane is insert-only'); END;
CREATE TRIGGER lane_no_return BEFORE UPDATE OF closed ON lane WHEN OLD.closed IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'the lane is closed'); END;

-- What a lane's process signed, once per commit: the last place of the commit and a digest over all leaves so far.
-- `ticket` orders commits of different lanes of which one began after the other ended. `joint`: 1 when a leaf of the
-- commit refers to another lane's.
CREATE TABLE lane_head (
  ticket INTEGER PRIMARY KEY,
  place INTEGER NOT NULL UNIQUE,
  digest BLOB NOT NULL,
  joint INTEGER NOT NULL,
  signature BLOB NOT NULL
) STRICT;
CREATE TRIGGER lane_head_no_update BEFORE UPDATE ON lane_head
  BEGIN SELECT RAISE(ABORT, 'lane_head is insert-only'); END;
CREATE TRIGGER lane_head_no_delete BEFORE DELETE ON lane_head
  BEGIN SELECT RAISE(ABORT, 'lane_head is insert-only'); END;
-- A process that was taken for dead and comes back cannot commit: every commit of evidence adds a head.
CREATE TRIGGER lane_head_open BEFORE INSERT ON lane_head
  WHEN NOT EXISTS (SELECT 1 FROM lane WHERE number = NEW.place / 1099511627776 AND closed IS NULL)
  BEGIN SELECT RAISE(ABORT, 'the lane is closed'); END;
