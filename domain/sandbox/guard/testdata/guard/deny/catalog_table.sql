-- GUARD_UNKNOWN_TABLE
SELECT count(*) FROM sqlite_master
