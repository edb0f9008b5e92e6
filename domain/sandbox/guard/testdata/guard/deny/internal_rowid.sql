-- GUARD_UNKNOWN_COLUMN
SELECT count(*) FROM person WHERE rowid < 5
