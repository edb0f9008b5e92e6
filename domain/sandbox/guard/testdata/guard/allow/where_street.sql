SELECT count(*) FROM person WHERE street = 'CANARYSTREET3' OR street IN ('CANARYSTREET4', 'nowhere')
