-- GUARD_TEXT_CHARACTER
SELECT count(*) /*‮*/ FROM person
