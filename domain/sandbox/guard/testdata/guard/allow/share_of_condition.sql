SELECT county, avg((sex = 'F')::INTEGER) AS share, sum(CAST(age >= 60 AS INT)) AS old FROM person GROUP BY county
