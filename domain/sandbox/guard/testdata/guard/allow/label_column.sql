SELECT '2024' AS 年份, sex, count(*) FROM person GROUP BY sex
