SELECT floor(age / 10) * 10 AS band, count(*) AS n, avg(income) FROM person GROUP BY floor(age / 10) * 10 HAVING count(*) > 100 ORDER BY band
