SELECT county, sex, count(*) AS n FROM person GROUP BY county, sex QUALIFY row_number() OVER (PARTITION BY county ORDER BY n DESC) = 1
