SELECT y, n, n - lag(n) OVER (ORDER BY y) AS growth FROM (SELECT year(insured_since) AS y, count(*) AS n FROM person GROUP BY y) t ORDER BY y
