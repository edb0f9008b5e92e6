SELECT '全部' AS 范围, count(*) AS n FROM person UNION ALL SELECT '女性', count(*) FROM person WHERE sex = 'F' ORDER BY n DESC
