-- GUARD_NOT_SELECT
COPY person TO '/tmp/x.csv'
