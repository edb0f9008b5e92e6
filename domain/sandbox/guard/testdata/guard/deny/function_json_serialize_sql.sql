-- GUARD_FUNCTION
SELECT json_serialize_sql('SELECT 1'), count(*) FROM person
