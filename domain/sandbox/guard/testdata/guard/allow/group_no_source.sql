SELECT trade, count(*), avg(staff) FROM firm GROUP BY trade
