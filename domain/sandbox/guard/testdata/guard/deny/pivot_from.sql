-- GUARD_PIVOT
SELECT count(*) FROM person PIVOT (count(*) FOR sex IN ('F', 'M')) p
