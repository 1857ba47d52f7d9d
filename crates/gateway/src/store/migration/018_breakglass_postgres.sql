-- Calls that wait at other gateways are looked at again when the glass is broken.
CREATE TRIGGER breakglass_tell AFTER INSERT OR UPDATE OF state ON breakglass
  FOR EACH STATEMENT EXECUTE FUNCTION tell('approvals');
