SELECT count(*) FROM person WHERE insured_since >= DATE '2020-03-31' - INTERVAL 1 MONTH AND insured_since < DATE '2020-03-31' + INTERVAL '2' YEAR
