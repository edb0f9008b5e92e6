-- GUARD_TABLE_FUNCTION
SELECT count(*) FROM summary(person)
