CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END$$;
CREATE TRIGGER entry_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER span_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON span
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER checkpoint_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoint
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER lane_no_delete BEFORE DELETE OR TRUNCATE ON lane
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER lane_no_change BEFORE UPDATE OF number, id, key, seal, opened ON lane
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE FUNCTION refuse_return() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION 'the lane is closed' USING ERRCODE = 'integrity_constraint_violation'; END$$;
CREATE TRIGGER lane_no_return BEFORE UPDATE OF closed ON lane
  FOR EACH ROW WHEN (OLD.closed IS NOT NULL) EXECUTE FUNCTION refuse_return();

-- What a lane's process signed, once per commit: the last place of the commit and a digest over all leaves so far.
-- `ticket` orders commits of different lanes of which one began after the other ended. `joint`: 1 when a leaf of the
-- commit refers to another lane's.
CREATE TABLE lane_head (
  ticket BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  place BIGINT NOT NULL UNIQUE,
  digest BYTEA NOT NULL,
  joint BIGINT NOT NULL,
  signature BYTEA NOT NULL
);
CREATE TRIGGER lane_head_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lane_head
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- A process that was taken for dead and comes back cannot commit: every commit of evidence adds a head. The lock makes
-- whoever closes the lane wait for a commit under way.
CREATE FUNCTION require_open_lane() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM lane WHERE number = NEW.place / 1099511627776 AND closed IS NULL FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the lane is closed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END$$;
CREATE TRIGGER lane_head_open BEFORE INSERT ON lane_head FOR EACH ROW EXECUTE FUNCTION require_open_lane();
