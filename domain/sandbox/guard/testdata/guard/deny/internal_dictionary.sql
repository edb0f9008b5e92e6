-- GUARD_UNKNOWN_TABLE
SELECT count(*) FROM "person/street#d"
