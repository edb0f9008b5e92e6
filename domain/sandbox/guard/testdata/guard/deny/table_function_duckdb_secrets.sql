-- GUARD_TABLE_FUNCTION
SELECT count(*) FROM duckdb_secrets()
