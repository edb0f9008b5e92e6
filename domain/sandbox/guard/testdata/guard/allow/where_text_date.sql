SELECT count(*) FROM person WHERE insured_since < '2010-01-01'
