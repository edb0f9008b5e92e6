-- GUARD_UNKNOWN_COLUMN
SELECT count(*) FROM person WHERE "#unit" < 5
