-- GUARD_IDENTIFIER
SELECT count(*) FROM '/etc/passwd\'
