SELECT median(income), quantile_cont(age, 0.9), quantile_cont(score, 0.25) FROM person
