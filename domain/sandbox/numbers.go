package sandbox

import "pado/plan"

// Numbers are the dated parameters of the guarded path. ρ counts 10⁻⁹, δ counts 10⁻¹⁵.
type Numbers struct {
	K, RhoPerAggregate       int64
	RhoTotal, DeltaTotal     int64 // of a lineage
	RhoProject, DeltaProject int64 // the slice a project is opened with
	RhoDeveloper             int64 // of one developer on one lineage, all projects together
	RhoDay                   int64 // of one project in one day
	MaxFailures, MaxCells    int64
	MinUnits                 int64 // smallest group an output may show
}

// NumbersFrom reads them through get, which answers for a parameter key.
func NumbersFrom(get func(key string) (plan.Value, error)) (n Numbers, err error) {
	for _, x := range []struct {
		key string
		to  *int64
	}{{"guard.k", &n.K}, {"guard.rho_per_aggregate", &n.RhoPerAggregate}, {"guard.rho_total", &n.RhoTotal}, {"guard.delta_total", &n.DeltaTotal},
		{"guard.rho_project", &n.RhoProject}, {"guard.delta_project", &n.DeltaProject}, {"guard.rho_developer", &n.RhoDeveloper},
		{"guard.rho_day", &n.RhoDay}, {"guard.max_failures", &n.MaxFailures}, {"guard.max_cells", &n.MaxCells}, {"guard.k", &n.MinUnits}} {
		v, err := get(x.key)
		if err != nil {
			return n, err
		}
		if *x.to, err = v.Int(); err != nil {
			return n, err
		}
	}
	return n, nil
}
