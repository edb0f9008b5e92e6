SELECT h.grade, count(*) FROM visit v LEFT JOIN hospital_dim h ON v.hospital_code = h.code GROUP BY h.grade
