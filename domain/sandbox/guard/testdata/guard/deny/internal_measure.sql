-- GUARD_UNKNOWN_COLUMN
SELECT sum("income#m") FROM person
