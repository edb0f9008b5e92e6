SELECT m, n, avg(n) OVER (ORDER BY m ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS moving FROM (SELECT date_trunc('month', day) AS m, count(*) AS n FROM visit GROUP BY m) t ORDER BY m
