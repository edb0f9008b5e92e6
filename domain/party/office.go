package party

import "pado/core/procedure"

// Office is one of the three offices of administrators (三员), which no person holds two of.
type Office string

// The offices.
const (
	SystemOffice   Office = "system"
	SecurityOffice Office = "security"
	AuditOffice    Office = "audit"
)

// Offices are the desks the offices act from.
var Offices = map[Office]procedure.Role{SystemOffice: SystemAdm, SecurityOffice: SecurityAd, AuditOffice: AuditAdm}
