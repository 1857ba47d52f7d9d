CREATE TRIGGER cosignature_no_update BEFORE UPDATE ON cosignature
  BEGIN SELECT RAISE(ABORT, 'cosignature is insert-only'); END;
CREATE TRIGGER cosignature_no_delete BEFORE DELETE ON cosignature
  BEGIN SELECT RAISE(ABORT, 'cosignature is insert-only'); END;
CREATE TRIGGER stamp_no_update BEFORE UPDATE ON stamp BEGIN SELECT RAISE(ABORT, 'stamp is insert-only'); END;
CREATE TRIGGER stamp_no_delete BEFORE DELETE ON stamp BEGIN SELECT RAISE(ABORT, 'stamp is insert-only'); END;
