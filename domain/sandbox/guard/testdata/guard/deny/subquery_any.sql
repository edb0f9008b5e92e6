-- GUARD_SUBQUERY
SELECT count(*) FROM person WHERE age > ANY (SELECT level FROM lab)
