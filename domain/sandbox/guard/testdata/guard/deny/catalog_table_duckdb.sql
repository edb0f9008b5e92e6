-- GUARD_UNKNOWN_TABLE
SELECT count(*) FROM duckdb_tables
