SELECT date_trunc('month', insured_since) AS m, count(*) FROM person WHERE insured_since >= DATE '2023-01-01' AND insured_since < DATE '2024-01-01' GROUP BY m ORDER BY m
