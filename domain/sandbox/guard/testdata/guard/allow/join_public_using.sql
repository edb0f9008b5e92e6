SELECT region, avg(income) FROM person JOIN county_dim USING (county) GROUP BY region
