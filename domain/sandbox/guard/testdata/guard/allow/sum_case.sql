SELECT sum(CASE WHEN sex = 'F' THEN 1 ELSE 0 END) AS women, sum(CASE WHEN sex = 'F' THEN income END) AS income_women FROM person
