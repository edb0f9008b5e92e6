SELECT extract(quarter FROM insured_since) AS q, count(*) FROM person GROUP BY q
