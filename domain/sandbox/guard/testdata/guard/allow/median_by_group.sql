SELECT sex, median(age) FROM person GROUP BY sex
