SELECT count_if(sex = 'F') FROM person
