SELECT CASE WHEN sex = 'F' THEN '女;--' ELSE '男''"' END AS g, count(*) FROM person GROUP BY 1
