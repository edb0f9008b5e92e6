-- GUARD_SUBQUERY
SELECT count(*) FROM person WHERE age > (SELECT avg(age) FROM person)
