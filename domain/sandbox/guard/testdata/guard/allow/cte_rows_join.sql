WITH adult AS (SELECT id_card, sex FROM person WHERE age >= 18) SELECT a.sex, count(*), sum(cost) FROM adult a JOIN visit v USING (id_card) GROUP BY a.sex
