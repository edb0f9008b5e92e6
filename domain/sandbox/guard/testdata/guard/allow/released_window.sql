SELECT county, sex, count(*) AS n, rank() OVER (PARTITION BY county ORDER BY count(*) DESC) AS r FROM person GROUP BY county, sex
