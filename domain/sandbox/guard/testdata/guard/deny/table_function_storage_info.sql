-- GUARD_TABLE_FUNCTION
SELECT count(*) FROM pragma_storage_info('person')
