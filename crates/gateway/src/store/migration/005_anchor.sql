-- What witnesses signed of checkpoints; `size` is that of the checkpoint.
CREATE TABLE cosignature (
  size BIGINT NOT NULL,
  witness TEXT NOT NULL,
  line TEXT NOT NULL,
  ts BIGINT NOT NULL,
  PRIMARY KEY (size, witness)
) STRICT;
CREATE INDEX cosignature_witness ON cosignature (witness, size);

-- Timestamps (RFC 3161) of checkpoints; `size` is that of the checkpoint, `token` a TimeStampResp.
CREATE TABLE stamp (
  size BIGINT NOT NULL,
  authority TEXT NOT NULL,
  token BYTEA NOT NULL,
  ts BIGINT NOT NULL,
  PRIMARY KEY (size, authority)
) STRICT;
CREATE INDEX stamp_authority ON stamp (authority, size);

-- How far each place outside has come: the largest checkpoint there, those of the epochs before included, when it arrived, and
-- until when what stands there was proven to be kept. For people, never evidence: the places themselves say it.
CREATE TABLE anchor (
  name TEXT PRIMARY KEY,
  size BIGINT NOT NULL,
  ts BIGINT NOT NULL,
  held TEXT,
  held_until BIGINT,
  seal BYTEA NOT NULL
) STRICT;
