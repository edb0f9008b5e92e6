-- GUARD_WINDOW
SELECT row_number() OVER () FROM person
