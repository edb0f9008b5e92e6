SELECT count(DISTINCT id_card) FROM person
