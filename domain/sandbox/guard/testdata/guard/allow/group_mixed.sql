SELECT street, sex, count(*) FROM person GROUP BY ALL
