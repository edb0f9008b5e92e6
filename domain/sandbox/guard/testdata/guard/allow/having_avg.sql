SELECT county, avg(income) AS a FROM person GROUP BY county HAVING avg(income) > 50000 AND count(*) > 50
