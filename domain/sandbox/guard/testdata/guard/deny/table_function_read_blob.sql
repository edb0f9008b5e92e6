-- GUARD_TABLE_FUNCTION
SELECT count(*) FROM read_blob('*')
