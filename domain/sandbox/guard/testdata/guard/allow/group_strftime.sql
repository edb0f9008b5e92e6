SELECT strftime(insured_since, '%Y-%m') AS ym, count(*) FROM person GROUP BY ym
