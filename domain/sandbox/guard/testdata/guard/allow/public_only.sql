SELECT region, count(*) AS n, max(area) AS a FROM county_dim GROUP BY region ORDER BY region
