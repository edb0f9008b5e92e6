SELECT county, round(avg(income), -2) AS a, round(avg(score), 1) AS b FROM person GROUP BY county
