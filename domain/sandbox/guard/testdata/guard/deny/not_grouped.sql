-- GUARD_NOT_GROUPED
SELECT sex, count(*) FROM person
