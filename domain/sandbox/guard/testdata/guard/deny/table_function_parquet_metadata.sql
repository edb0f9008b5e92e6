-- GUARD_TABLE_FUNCTION
SELECT count(*) FROM parquet_metadata('x')
