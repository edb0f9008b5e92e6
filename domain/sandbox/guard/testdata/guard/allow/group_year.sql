SELECT year(insured_since) AS y, count(*) AS n FROM person GROUP BY y ORDER BY y
