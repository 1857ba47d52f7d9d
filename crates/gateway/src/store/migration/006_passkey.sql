-- Passkeys with which people sign approvals. `person`: hash of issuer and subject. `public_key`: SubjectPublicKeyInfo in DER.
-- `counter`: what the authenticator said last; `noted`: when the log had the leaf about it, and not of use before; `removed`:
-- from when on it is of no use; `lane`: of the process that registers or removes it. `sealed`: the name that the person gave it.
CREATE TABLE passkey (
  id BYTEA PRIMARY KEY,
  person BYTEA NOT NULL,
  public_key BYTEA NOT NULL,
  rp_id TEXT NOT NULL,
  origin TEXT NOT NULL,
  counter BIGINT NOT NULL,
  created BIGINT NOT NULL,
  used BIGINT,
  noted BIGINT,
  removed BIGINT,
  lane BIGINT,
  sealed BYTEA NOT NULL
) STRICT;
CREATE INDEX passkey_person ON passkey (person, created);
