-- GUARD_AGGREGATE_USE
SELECT sum(income * score) FROM person
