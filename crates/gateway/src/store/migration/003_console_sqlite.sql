-- Which calls hold a word: `place` and `ts` are those of the leaf that begins the call.
CREATE TABLE word (
  word TEXT NOT NULL,
  ts INTEGER NOT NULL,
  place INTEGER NOT NULL,
  PRIMARY KEY (word, ts, place)
) STRICT, WITHOUT ROWID;
