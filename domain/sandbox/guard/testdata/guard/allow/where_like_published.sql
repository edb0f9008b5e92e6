SELECT count(*) FROM person WHERE county LIKE '%st' AND sex NOT LIKE 'X%' AND county ILIKE 'EA__'
