SELECT CASE WHEN disease = 'flu' THEN '流感' ELSE '其余' END AS d, sex, count(*) FROM person GROUP BY d, sex
