-- Tells the gateways on this database what changed, so that they need not wait for their next look. A notification carries
-- the name of a topic and nothing else; whoever hears it reads the tables, as its own role. Never on a table that is written
-- for each call: commits that notify wait for each other, flush included. Of the log the one tells that puts leaves into it.
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN PERFORM pg_notify('countersign', TG_ARGV[0]); RETURN NULL; END$$;
CREATE TRIGGER tree_tell AFTER INSERT OR UPDATE ON tree
  FOR EACH STATEMENT EXECUTE FUNCTION tell('log');
CREATE TRIGGER approval_tell AFTER INSERT OR UPDATE ON approval
  FOR EACH STATEMENT EXECUTE FUNCTION tell('approvals');
CREATE TRIGGER approval_vote_tell AFTER INSERT OR UPDATE ON approval_vote
  FOR EACH STATEMENT EXECUTE FUNCTION tell('approvals');
CREATE TRIGGER held_task_tell AFTER INSERT OR UPDATE OF ended ON held_task
  FOR EACH STATEMENT EXECUTE FUNCTION tell('approvals');
CREATE TRIGGER policy_publication_tell AFTER INSERT ON policy_publication
  FOR EACH STATEMENT EXECUTE FUNCTION tell('policies');
CREATE TRIGGER definition_tell AFTER INSERT OR UPDATE ON definition
  FOR EACH STATEMENT EXECUTE FUNCTION tell('definitions');
CREATE TRIGGER acceptance_tell AFTER INSERT OR UPDATE ON acceptance
  FOR EACH STATEMENT EXECUTE FUNCTION tell('definitions');
CREATE TRIGGER service_key_tell AFTER INSERT OR UPDATE OF revoked ON service_key
  FOR EACH STATEMENT EXECUTE FUNCTION tell('keys');
CREATE TRIGGER notice_tell AFTER INSERT ON notice
  FOR EACH STATEMENT EXECUTE FUNCTION tell('notices');
