SELECT count(*) FROM person WHERE (sex = 'F' OR NOT county = 'east') AND age NOT BETWEEN 30 AND 40 AND age NOT IN (1, 2) AND insured_since >= DATE '2010-01-01'
