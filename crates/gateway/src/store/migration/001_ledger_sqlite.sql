CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entry is insert-only'); END;
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entry is insert-only'); END;
CREATE TRIGGER span_no_update BEFORE UPDATE ON span BEGIN SELECT RAISE(ABORT, 'span is insert-only'); END;
CREATE TRIGGER span_no_delete BEFORE DELETE ON span BEGIN SELECT RAISE(ABORT, 'span is insert-only'); END;
CREATE TRIGGER checkpoint_no_update BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoint is insert-only'); END;
CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoint is insert-only'); END;
