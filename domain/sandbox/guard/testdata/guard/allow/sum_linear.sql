SELECT sum(income / 1000), avg(income * 12 + 500), sum(income - 3000), sum(-score) FROM person
