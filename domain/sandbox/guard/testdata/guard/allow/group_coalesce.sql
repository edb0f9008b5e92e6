SELECT coalesce(sex, '不详') AS s, count(*) FROM person GROUP BY s
