package procedures

import (
	"encoding/json"

	"pado/core/audit/verify"
	"pado/core/canon"
	"pado/core/store"
	"pado/domain/governance/connector"
)

// GovernanceReplay holds governance to the log (clauses 6.2.2, 10.5.1): connections with the pipeline in
// use and its versions, what was delivered, who opened the raw bytes, what was destroyed, samples, and
// the versions of datasets with what their reports say.
type GovernanceReplay struct{ SupplyReplay }

func digested(cell string) (string, error) { return canon.Digest([]byte(cell)), nil }

var governanceTables = []replayed{
	{"hookup", "接入", "id", "item, operator_org, dataset, case_no, state, CAST(retain_months AS TEXT) AS retain, pipeline_digest, pipeline", map[string]func(string) (string, error){"pipeline": digested}},
	{"pipeline_version", "流水线版本", "hookup || '@' || CAST(n AS TEXT)", "digest, declaration, CAST(rows_bound AS TEXT) AS rows_bound, proposed_by, decided_by, state, case_no",
		map[string]func(string) (string, error){"declaration": digested}},
	{"raw_file", "原始文件", "id", "hookup, sha256, CAST(size AS TEXT) AS size", nil},
	{"raw_access", "原始数据访问登记", "id", "raw, hookup, person, org, purpose, case_no", nil},
	{"raw_destruction", "原始数据销毁登记", "case_no || '@' || raw", "sha256, envelope_sha256, CAST(parts AS TEXT) AS parts, person", nil},
	{"connector", "取数连接", "hookup", "digest, spec", map[string]func(string) (string, error){"spec": func(cell string) (string, error) {
		var s connector.Spec
		err := json.Unmarshal([]byte(cell), &s)
		if err != nil {
			return "", nil //nolint:nilerr // what cannot be read is not what was declared
		}
		return s.Digest(), nil
	}}},
	{"hookup_sample", "样本", "case_no || '@' || CAST(n AS TEXT)", "sha256, person, org, state, confirmed_by", nil},
	{"dataset_version", "数据集版本", "id", "dataset, raw, file_digest, CAST(rows AS TEXT) AS rows, CAST(quarantined AS TEXT) AS quarantined, CAST(score AS TEXT) AS score, state, decided_by, schema || '/' || quality || '/' || lineage AS report",
		map[string]func(string) (string, error){"report": digested}},
}

// NewGovernanceReplay compares with the tables that view shows.
func NewGovernanceReplay(view func(func(*store.ReadTx) error) error) *GovernanceReplay {
	g := &GovernanceReplay{SupplyReplay{view: view, facts: map[string]map[string]supplyFact{}}}
	for _, t := range governanceTables {
		g.facts[t.name] = map[string]supplyFact{}
	}
	return g
}

// Name implements verify.Hook.
func (g *GovernanceReplay) Name() string { return "数据治理" }

// Done implements verify.Hook.
func (g *GovernanceReplay) Done() error { return compareFacts(g.view, governanceTables, g.facts) }

// Replay implements verify.Hook.
func (g *GovernanceReplay) Replay(r verify.Record) error {
	if r.Result != "done" {
		return nil
	}
	d := r.Detail
	switch r.Type {
	case "governance.connect":
		f := g.row("hookup", r.Object)
		f.set("state", r.To)
		if r.Action == "connect" {
			f.set("item", d["item"], "operator_org", r.Org, "dataset", d["dataset"], "case_no", d["case"], "retain", d["retain"], "pipeline_digest", d["pipeline"], "pipeline", d["pipeline"])
		}
	case "governance.pipeline":
		g.pipeline(r)
	case "governance.connector":
		g.row("connector", r.Object).set("digest", d["digest"], "spec", d["digest"])
	case "governance.receive":
		f := g.row("raw_file", r.Object)
		f.set("hookup", d["hookup"], "sha256", d["sha256"])
		if d["size"] != "" {
			f.set("size", d["size"])
		}
	case "raw.access":
		g.row("raw_access", d["id"]).set("raw", r.Object, "hookup", d["hookup"], "person", r.Actor, "org", r.Org, "purpose", d["purpose"], "case_no", d["case"])
	case "raw.destroy":
		g.row("raw_destruction", d["case"]+"@"+r.Object).set("sha256", d["sha256"], "envelope_sha256", d["envelope"], "parts", d["parts"], "person", r.Actor)
	case "governance.sample":
		g.sample(r)
	case "governance.version":
		f := g.row("dataset_version", r.Object)
		f.set("state", r.To)
		if r.Action == "make" {
			f.set("dataset", d["dataset"], "raw", d["raw"], "file_digest", d["file"], "rows", d["rows"], "quarantined", d["quarantined"], "score", d["score"], "report", d["report"])
		} else {
			f.set("decided_by", r.Actor)
		}
	}
	return nil
}

func (g *GovernanceReplay) pipeline(r verify.Record) {
	d := r.Detail
	f := g.row("pipeline_version", r.Object+"@"+d["n"])
	f.set("state", r.To)
	if r.Action == "propose" {
		f.set("digest", d["digest"], "declaration", d["digest"], "rows_bound", d["rows_bound"], "proposed_by", r.Actor, "case_no", d["case"])
	}
	if r.To != "proposed" {
		f.set("decided_by", r.Actor)
	}
	if r.Action == "decide" && r.To == "approved" {
		g.row("hookup", r.Object).set("pipeline_digest", d["digest"], "pipeline", d["digest"])
	}
}

func (g *GovernanceReplay) sample(r verify.Record) {
	d := r.Detail
	f := g.row("hookup_sample", r.Object+"@"+d["sample"])
	switch r.Action {
	case "put":
		for key, old := range g.facts["hookup_sample"] {
			if key != r.Object+"@"+d["sample"] && old["case"] == r.Object {
				old.set("state", "removed")
			}
		}
		f.set("case", r.Object, "sha256", d["sha256"], "person", r.Actor, "org", r.Org, "state", "held")
	case "remove":
		f.set("state", "removed")
	case "confirm":
		f.set("confirmed_by", r.Actor)
	}
}
