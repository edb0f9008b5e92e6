-- GUARD_JOIN_FAN_OUT
SELECT count(*) FROM visit v JOIN lab l ON v.id_card = l.id_card
