WITH t AS (SELECT county, count(*) AS n FROM person GROUP BY county) SELECT county, n, n / sum(n) OVER () AS share FROM t ORDER BY n DESC
