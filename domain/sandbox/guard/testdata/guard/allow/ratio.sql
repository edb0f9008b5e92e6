SELECT county, sum(income) / count(*) AS per_head, 100.0 * count(*) FILTER (WHERE sex = 'F') / nullif(count(*), 0) AS share FROM person GROUP BY county
