-- GUARD_SUBQUERY
SELECT (SELECT max(age) FROM person), count(*) FROM person
