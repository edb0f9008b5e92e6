SELECT avg(income + score * 100) FROM person
