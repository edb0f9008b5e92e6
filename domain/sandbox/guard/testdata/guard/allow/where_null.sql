SELECT count(*) FROM person WHERE sex IS NOT NULL AND score IS NULL
