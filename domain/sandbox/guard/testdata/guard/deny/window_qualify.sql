-- GUARD_WINDOW
SELECT age FROM person QUALIFY row_number() OVER () = 1
