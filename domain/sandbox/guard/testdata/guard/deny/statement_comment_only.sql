-- GUARD_ONE_STATEMENT
/* nothing */
