SELECT CAST(year(insured_since) AS VARCHAR) || '年' AS y, count(*) FROM person GROUP BY y
