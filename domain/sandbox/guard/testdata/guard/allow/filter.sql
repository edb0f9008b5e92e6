SELECT count(*) FILTER (WHERE sex = 'F' AND age BETWEEN 18 AND 64) AS women, avg(income) FILTER (WHERE county IN ('east', 'west')) FROM person
