package identity

// OnceForTest draws a one-time password.
func OnceForTest(s *Service) string {
	p, err := s.once(settings{minLength: 8, classes: 3}, "zhangsan")
	if err != nil {
		panic(err)
	}
	return p
}

// StrongForTest asks the rules for passwords as shipped.
func StrongForTest(username, password string) error {
	return strong(settings{minLength: 8, classes: 3}, username, password)
}
