SELECT upper(left(county, 1)) AS initial, count(*) FROM person GROUP BY initial
