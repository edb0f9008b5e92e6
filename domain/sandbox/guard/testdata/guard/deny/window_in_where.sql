-- GUARD_WINDOW
SELECT count(*) FROM person WHERE row_number() OVER () < 3
