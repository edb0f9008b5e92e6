-- GUARD_UNKNOWN_TABLE
SELECT count(*) FROM 'data.csv'
