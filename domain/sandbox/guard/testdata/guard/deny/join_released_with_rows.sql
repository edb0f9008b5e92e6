-- GUARD_JOIN
SELECT count(*) FROM person p JOIN (SELECT sex, count(*) AS n FROM person GROUP BY sex) s ON p.sex = s.sex
