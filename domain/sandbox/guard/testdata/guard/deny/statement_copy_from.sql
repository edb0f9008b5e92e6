-- GUARD_NOT_SELECT
COPY person FROM '/etc/passwd'
