package procedures

import "pado/core/procedure"

// authorisation are the procedures of mode and authorisation flow (五, 六之一).
func authorisation() []*procedure.Procedure {
	return []*procedure.Procedure{P05Mandate(), P06Scheme(), P06Agreement(), P06Amendment()}
}

// resources are the procedures of catalogue and hookup (七, 六之二).
func resources() []*procedure.Procedure {
	return []*procedure.Procedure{P07Catalogue(), P06Hookup(), P06HookupBySource(), P10Destruction()}
}
