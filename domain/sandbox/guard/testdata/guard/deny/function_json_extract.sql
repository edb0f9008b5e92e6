-- GUARD_FUNCTION
SELECT json_extract('{}', '$'), count(*) FROM person
