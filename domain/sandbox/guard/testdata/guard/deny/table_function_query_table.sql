-- GUARD_TABLE_FUNCTION
SELECT count(*) FROM query_table('person')
