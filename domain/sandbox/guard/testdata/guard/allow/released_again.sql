SELECT max(n), min(n), sum(n), avg(n), count(*) FROM (SELECT county, count(*) AS n FROM person GROUP BY county) t
