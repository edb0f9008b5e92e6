SELECT sex AS 性别, count(*) AS 人数 FROM person GROUP BY sex ORDER BY 人数 DESC
