-- Which leaf says that the bodies at places from `low` to `high` were erased: how it is found. What it says counts, not this.
CREATE TABLE erased (
  low BIGINT NOT NULL,
  high BIGINT NOT NULL,
  leaf BIGINT NOT NULL,
  PRIMARY KEY (low, leaf)
) STRICT;
