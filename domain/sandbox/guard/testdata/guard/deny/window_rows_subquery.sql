-- GUARD_WINDOW
SELECT count(*) FROM (SELECT row_number() OVER (ORDER BY age) AS r FROM person) t
