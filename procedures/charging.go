package procedures

import (
	"slices"

	"pado/core/procedure"
	"pado/core/register"
	"pado/domain/order"
	"pado/domain/pricing"
	"pado/domain/settlement"
)

// Charging are the procedures of price, order and settlement (clauses 1.7b, 6.2.5, 10.2 to 10.4).
func Charging() []*procedure.Procedure {
	return []*procedure.Procedure{Allowance(), AllowanceByAuthority(), Ceiling(), Tariff(), Order(), Payment(), Remittance()}
}

// chargingRegisters are their lists.
func chargingRegisters() []*register.Register {
	return slices.Concat(pricing.Registers(), order.Registers(), settlement.Registers())
}
