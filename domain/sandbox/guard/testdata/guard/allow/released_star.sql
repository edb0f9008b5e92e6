SELECT * FROM (SELECT sex, count(*) AS n FROM person GROUP BY sex) t
