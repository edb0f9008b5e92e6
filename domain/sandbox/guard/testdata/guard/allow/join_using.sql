SELECT count(*) FROM person JOIN visit USING (id_card) WHERE sex = 'F'
