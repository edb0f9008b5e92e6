SELECT corr(income, age), covar_pop(income, age), covar_samp(score, age), regr_slope(income, age) FROM person
