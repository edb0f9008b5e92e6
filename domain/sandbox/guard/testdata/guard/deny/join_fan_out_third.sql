-- GUARD_JOIN_FAN_OUT
SELECT count(*) FROM person p JOIN visit v ON p.id_card = v.id_card JOIN lab l ON p.id_card = l.id_card
