SELECT age // 10 AS decade, count(*) FROM person GROUP BY decade
