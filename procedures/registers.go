package procedures

import (
	"pado/core/register"
	"pado/domain/agreement"
	"pado/domain/fielduse"
	"pado/domain/governance"
	"pado/domain/party"
	"pado/domain/supply"
)

// Registers lists every declared list of every noun.
func Registers() []*register.Register {
	var all []*register.Register
	for _, part := range registers {
		all = append(all, part()...)
	}
	return supplied(all)
}

var registers = []func() []*register.Register{
	settingRegisters,
	party.Registers,
	agreement.Registers,
	cityCatalogue,
	catalogueLists,
	fielduse.Registers,
	governance.Registers,
	supply.Registers,
	developmentRegisters,
	chargingRegisters,
	func() []*register.Register { return []*register.Register{docNumbers} },
}
