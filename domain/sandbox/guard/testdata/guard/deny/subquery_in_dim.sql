-- GUARD_SUBQUERY
SELECT count(*) FROM person WHERE age IN (SELECT level FROM lab)
