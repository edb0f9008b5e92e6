SELECT count(*) FROM person WHERE 1 = 1 AND age > 30
