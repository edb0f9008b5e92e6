-- GUARD_TABLE_FUNCTION
SELECT count(*) FROM repeat_row(1, num_rows = 9)
