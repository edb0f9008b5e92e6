SELECT count(*) FROM visit v JOIN person p ON v.id_card = p.id_card JOIN mine m ON m.id_card = p.id_card WHERE m.member
