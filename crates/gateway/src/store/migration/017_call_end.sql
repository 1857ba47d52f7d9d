-- How a call ended is answered from the index, without its leaf: a list asks it of up to 2,000 calls.
DROP INDEX entry_call;
CREATE INDEX entry_call ON entry (call, type, result) WHERE call IS NOT NULL;
