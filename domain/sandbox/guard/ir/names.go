package ir

// aggregates the guard answers; the value says how many arguments each takes.
var aggregates = map[string]int{
	"count_star": 0, "count": 1, "sum": 1, "avg": 1, "mean": 1,
	"var_pop": 1, "var_samp": 1, "variance": 1, "stddev": 1, "stddev_pop": 1, "stddev_samp": 1,
	"covar_pop": 2, "covar_samp": 2, "corr": 2, "regr_slope": 2,
	"median": 1, "quantile_cont": 2, "quantile": 2, "count_if": 1, "countif": 1,
}

// disclosing are aggregates whose result is a row's value or hangs on one row.
var disclosing = map[string]bool{
	"min": true, "max": true, "min_by": true, "max_by": true, "arg_min": true, "arg_max": true, "argmin": true, "argmax": true,
	"arg_min_null": true, "arg_max_null": true, "mode": true, "any_value": true, "first": true, "last": true, "arbitrary": true,
	"list": true, "array_agg": true, "string_agg": true, "group_concat": true, "listagg": true, "histogram": true, "histogram_exact": true,
	"quantile_disc": true, "approx_quantile": true, "reservoir_quantile": true, "approx_count_distinct": true, "approx_top_k": true,
	"product": true, "bit_and": true, "bit_or": true, "bit_xor": true, "bitstring_agg": true, "bool_and": true, "bool_or": true,
	"entropy": true, "kurtosis": true, "kurtosis_pop": true, "skewness": true, "mad": true, "geometric_mean": true, "geomean": true, "map": true,
	"fsum": true, "kahan_sum": true, "sumkahan": true, "favg": true, "sum_no_overflow": true, "json_group_array": true, "json_group_object": true,
	"json_group_structure": true, "checksum": true, "sem": true, "regr_avgx": true, "regr_avgy": true, "regr_count": true, "regr_intercept": true,
	"regr_r2": true, "regr_sxx": true, "regr_sxy": true, "regr_syy": true,
}

func isAggregate(name string) bool {
	_, ok := aggregates[name]
	return ok || disclosing[name]
}
