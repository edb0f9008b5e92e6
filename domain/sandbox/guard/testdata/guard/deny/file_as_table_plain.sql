-- GUARD_UNKNOWN_TABLE
SELECT count(*) FROM '/etc/passwd'
