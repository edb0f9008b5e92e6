SELECT county, CASE WHEN count(*) > 5000 THEN '大' ELSE '小' END AS size FROM person GROUP BY county
