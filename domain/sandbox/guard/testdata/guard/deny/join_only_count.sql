-- GUARD_JOIN_ONLY
SELECT count(home_hospital) FROM person
