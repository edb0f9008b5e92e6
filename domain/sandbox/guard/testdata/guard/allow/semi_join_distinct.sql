SELECT count(*) FROM person WHERE id_card IN (SELECT DISTINCT id_card FROM visit WHERE hospital = 'h1')
