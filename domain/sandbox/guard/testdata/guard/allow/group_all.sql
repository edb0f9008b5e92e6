SELECT county, sex, count(*), avg(income) FROM person GROUP BY ALL
