-- GUARD_TABLE_FUNCTION
SELECT count(*) FROM sqlite_scan('a','b')
