-- GUARD_UNKNOWN_TABLE
SELECT count(*) FROM 'https://example.org/x.parquet'
