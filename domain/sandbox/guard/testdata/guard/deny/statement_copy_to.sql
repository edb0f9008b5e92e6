-- GUARD_NOT_SELECT
COPY person TO 'x.csv'
