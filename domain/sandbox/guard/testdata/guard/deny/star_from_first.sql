-- GUARD_STAR
FROM person
