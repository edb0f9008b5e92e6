SELECT avg(coalesce(score, 0)) FROM person
