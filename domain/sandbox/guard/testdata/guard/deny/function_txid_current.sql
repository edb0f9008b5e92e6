-- GUARD_FUNCTION
SELECT txid_current(), count(*) FROM person
