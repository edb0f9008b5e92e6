WITH a AS (SELECT county, count(*) AS n FROM person GROUP BY county) SELECT a.county, a.n, c.area, a.n / c.area AS density FROM a JOIN county_dim c ON a.county = c.county
