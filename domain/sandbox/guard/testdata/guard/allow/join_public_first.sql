SELECT h.grade, count(*) FROM hospital_dim h JOIN person p ON p.home_hospital = h.code GROUP BY h.grade
