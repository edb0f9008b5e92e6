-- GUARD_FUNCTION
SELECT md5('a'), count(*) FROM person
