SELECT stddev(income), var_pop(score), variance(age), stddev_pop(age) FROM person
