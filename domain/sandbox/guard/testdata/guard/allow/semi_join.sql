SELECT sex, count(*) FROM person WHERE id_card IN (SELECT id_card FROM visit) GROUP BY sex
