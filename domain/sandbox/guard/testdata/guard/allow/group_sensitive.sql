SELECT disease, count(*) FROM person GROUP BY disease ORDER BY 2 DESC
