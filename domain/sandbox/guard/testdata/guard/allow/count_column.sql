SELECT count(score), count(street), count(1) FROM person
