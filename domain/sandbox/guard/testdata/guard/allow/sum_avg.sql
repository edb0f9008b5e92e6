SELECT sum(income), avg(income), avg(score) FROM person WHERE age >= 18
