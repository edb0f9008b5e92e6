SELECT count(*) FROM person WHERE disease IN ('flu', 'cold')
