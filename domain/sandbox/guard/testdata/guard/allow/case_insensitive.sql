select SEX, Count(*) from Person where AGE > 3 group by Sex
