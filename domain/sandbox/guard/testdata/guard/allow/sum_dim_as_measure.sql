SELECT avg(age), sum(age) FROM person
