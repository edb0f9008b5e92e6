-- GUARD_JOIN
SELECT count(*) FROM person p JOIN visit v ON 1 = 1
