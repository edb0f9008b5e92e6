SELECT p.county, count(DISTINCT v.id_card) FROM visit v INNER JOIN person p ON v.id_card = p.id_card GROUP BY p.county
