SELECT DISTINCT sex, count(*) FROM person GROUP BY sex
