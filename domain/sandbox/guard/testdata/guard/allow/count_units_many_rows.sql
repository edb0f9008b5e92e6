SELECT count(DISTINCT id_card) AS persons, count(*) AS visits FROM visit
