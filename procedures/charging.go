package procedures

import (
	"pado/core/procedure"
	"pado/core/register"
	"pado/domain/order"
	"pado/domain/pricing"
)

// Charging are the procedures of price, order and settlement (clauses 1.7b, 6.2.5, 10.2 to 10.4).
func Charging() []*procedure.Procedure {
	return []*procedure.Procedure{Tariff(), Order()}
}

func chargingRegisters() []*register.Register {
	return append(pricing.Registers(), order.Registers()...)
}
