-- GUARD_TABLE_FUNCTION
SELECT count(*) FROM sniff_csv('x')
