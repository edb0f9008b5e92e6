-- GUARD_WINDOW
SELECT list(count(*)) OVER () FROM person
