SELECT CASE sex WHEN 'F' THEN '女' WHEN 'M' THEN '男' ELSE '未知' END AS s, count(*) FROM person GROUP BY s
