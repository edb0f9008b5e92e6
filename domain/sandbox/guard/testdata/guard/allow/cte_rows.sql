WITH adult AS (SELECT id_card, sex, income FROM person WHERE age >= 18) SELECT sex, avg(income) FROM adult GROUP BY sex
