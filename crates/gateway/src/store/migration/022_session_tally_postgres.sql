-- A row of a session that goes on changes all the time; there is room for a new version beside the old one.
ALTER TABLE session_tally SET (fillfactor = 50);
