SELECT CASE WHEN age < 18 THEN '未成年' WHEN age < 60 THEN '劳动年龄' ELSE '老年' END AS 年龄段, sex, count(*) FROM person GROUP BY 1, 2
