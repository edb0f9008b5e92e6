-- GUARD_TABLE_FUNCTION
SELECT count(*) FROM pragma_table_info('person')
