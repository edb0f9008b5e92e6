SELECT count(*) FROM person WHERE floor(age / 10) * 10 = 30 AND year(insured_since) = 2010
