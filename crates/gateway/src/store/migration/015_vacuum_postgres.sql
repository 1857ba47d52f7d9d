-- Tables that only grow are looked through while what was added is in memory, and frozen then: each page once, no rewrite of
-- everything years later, and lists that are counted from an index find it visible.
ALTER TABLE entry SET (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_freeze_min_age = 0, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE lane_head SET (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_freeze_min_age = 0);
ALTER TABLE word SET (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 500000,
  autovacuum_freeze_min_age = 0, autovacuum_analyze_scale_factor = 0.02);
-- Bodies are added all the time and erased once an hour.
ALTER TABLE payload SET (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000);
-- Few rows that are changed all the time: there is room for a new version beside the old one, and no index changes.
ALTER TABLE tree SET (fillfactor = 20);
ALTER TABLE lane SET (fillfactor = 50);
ALTER TABLE follower SET (fillfactor = 20);
ALTER TABLE minute SET (fillfactor = 50);
