SELECT county, count(*) AS n FROM person GROUP BY county HAVING n > 50
