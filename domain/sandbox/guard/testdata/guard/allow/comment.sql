SELECT /* how many */ count(*) -- persons
FROM person
