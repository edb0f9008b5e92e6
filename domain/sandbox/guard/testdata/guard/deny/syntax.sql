-- GUARD_SYNTAX
SELEC count(*) FROM person
