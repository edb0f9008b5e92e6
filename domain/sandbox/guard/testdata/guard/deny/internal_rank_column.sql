-- GUARD_UNKNOWN_COLUMN
SELECT count(*) FROM visit WHERE "#rank" = 1
