-- GUARD_FUNCTION
SELECT read_text('x'), count(*) FROM person
