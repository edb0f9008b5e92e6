-- GUARD_NOT_GROUPED
SELECT count(*), first_value(age) OVER (ORDER BY age) FROM person
