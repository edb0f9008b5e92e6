package governance

import (
	"errors"
	"fmt"
	"strings"

	"pado/core/canon"
	"pado/core/procedure"
	"pado/core/store"
)

// PipelineVersion is one version of a connection's pipeline (流水线版本).
type PipelineVersion struct {
	Hookup              string
	N                   int
	Digest, Declaration string
	RowsBound           int
	Reason, ProposedBy  string
	Proposed            store.Time
	DecidedBy           string
	Decided             store.Time
	State               string // proposed, approved, refused
	CaseNo              string
}

const pipelineColumns = `hookup, n, digest, declaration, rows_bound, reason, proposed_by, proposed, decided_by, decided, state, case_no`

// PipelineVersions lists the versions of a connection's pipeline, the newest first.
func PipelineVersions(r *store.ReadTx, hookup string) ([]PipelineVersion, error) {
	var out []PipelineVersion
	return out, r.Select(&out, `SELECT `+pipelineColumns+` FROM pipeline_version WHERE hookup = $1 ORDER BY n DESC`, hookup)
}

// proposedPipeline is the version that waits for its decision; store.ErrNotFound when none does.
func proposedPipeline(r *store.ReadTx, hookup string) (PipelineVersion, error) {
	var v PipelineVersion
	return v, r.Get(&v, `SELECT `+pipelineColumns+` FROM pipeline_version WHERE hookup = $1 AND state = 'proposed'`, hookup)
}

func addPipeline(w *store.Tx, v PipelineVersion) error {
	if err := w.Get(&v.N, `SELECT COALESCE(MAX(n), 0) + 1 FROM pipeline_version WHERE hookup = $1`, v.Hookup); err != nil {
		return err
	}
	v.Proposed = store.At(w.Now())
	if v.State == "approved" {
		v.Decided, v.DecidedBy = v.Proposed, v.ProposedBy
	}
	if _, err := w.Exec(`INSERT INTO pipeline_version (`+pipelineColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)`,
		v.Hookup, v.N, v.Digest, v.Declaration, v.RowsBound, v.Reason, v.ProposedBy, v.Proposed, v.DecidedBy, v.Decided, v.State, v.CaseNo); err != nil {
		return err
	}
	record(w, "governance.pipeline", v.ProposedBy, "", v.Hookup, "propose", v.State, map[string]string{"n": fmt.Sprint(v.N), "digest": v.Digest, "rows_bound": fmt.Sprint(v.RowsBound), "case": v.CaseNo})
	return nil
}

// ErrSamePipeline: the proposed declaration is the one in use. ErrUnit: it changes the protected unit.
var (
	ErrSamePipeline = errors.New("the same pipeline")
	ErrUnit         = errors.New("another protected unit")
)

// Revisable tells whether a declaration may follow the one in use: it must differ, and keep the
// protected unit, on which snapshots and budgets stand. Errors: ErrSamePipeline, ErrUnit, *pipeline.Error.
func Revisable(r *store.ReadTx, h Hookup, declaration string, rowsBound int) error {
	p, digest, err := ReadPipeline(declaration)
	if err != nil {
		return err
	}
	d, err := DatasetByID(r, h.Dataset)
	if err != nil {
		return err
	}
	unit := p.Target.UnitDomain
	if unit == "" {
		unit = "none"
	}
	switch {
	case unit != d.UnitDomain || p.Target.Unit != d.UnitColumn:
		return ErrUnit
	case digest == h.PipelineDigest && rowsBound == d.RowsBound:
		return ErrSamePipeline
	}
	return nil
}

// ProposePipeline records a new version for decision.
func ProposePipeline(w *store.Tx, h Hookup, declaration string, rowsBound int, reason, by string) error {
	if err := Revisable(&w.ReadTx, h, declaration, rowsBound); err != nil {
		return err
	}
	return addPipeline(w, PipelineVersion{Hookup: h.ID, Digest: canon.Digest([]byte(declaration)), Declaration: declaration, RowsBound: rowsBound, Reason: reason, ProposedBy: by, State: "proposed", CaseNo: h.CaseNo})
}

// DecidePipeline approves or refuses the proposed version. An approved one is in use from the
// commit on, and the newest delivery is governed anew by it: its version comes beside those there
// are. It tells whether there is something to govern. store.ErrNotFound when none is proposed.
func DecidePipeline(w *store.Tx, h Hookup, approve bool, by, org string) (rerun bool, err error) {
	v, err := proposedPipeline(&w.ReadTx, h.ID)
	if err != nil {
		return false, err
	}
	state := "refused"
	if approve {
		state = "approved"
	}
	if err := w.ExecOne(`UPDATE pipeline_version SET state = $1, decided = $2, decided_by = $3 WHERE hookup = $4 AND n = $5 AND state = 'proposed'`, state, store.At(w.Now()), by, v.Hookup, v.N); err != nil {
		return false, err
	}
	record(w, "governance.pipeline", by, org, h.ID, "decide", state, map[string]string{"n": fmt.Sprint(v.N), "digest": v.Digest, "case": h.CaseNo})
	if !approve {
		return false, nil
	}
	if err := w.ExecOne(`UPDATE hookup SET pipeline = $1, pipeline_digest = $2 WHERE id = $3 AND state = 'connected'`, v.Declaration, v.Digest, h.ID); err != nil {
		return false, err
	}
	if err := w.ExecOne(`UPDATE dataset SET rows_bound = $1 WHERE id = $2`, v.RowsBound, h.Dataset); err != nil {
		return false, err
	}
	raw, err := LastDelivery(&w.ReadTx, h.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && raw.State == "destroyed" {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	// Until the new version is made the delivery counts as not governed yet.
	if err := w.ExecOne(`UPDATE raw_file SET state = 'received', outcome = '' WHERE id = $1`, raw.ID); err != nil {
		return false, err
	}
	h.PipelineDigest = v.Digest
	_, err = queue(w, raw, h, fmt.Sprintf("v%d", v.N))
	return true, err
}

// Revisions shows the versions of a connection's pipeline.
func Revisions(r *store.ReadTx, hookup string) (procedure.Section, error) {
	s := procedure.Section{Kind: "table", Clause: "6.2.2", Columns: []procedure.Column{{Key: "n", Label: "版本", Kind: "int"}, {Key: "digest", Label: "摘要", Kind: "code"}, {Key: "reason", Label: "说明", Kind: "text", Primary: true},
		{Key: "proposed", Label: "提出时间", Kind: "datetime"}, {Key: "by", Label: "提出人", Kind: "text"}, {Key: "decided", Label: "决定时间", Kind: "datetime"}, {Key: "state", Label: "状态", Kind: "tag"}}}
	list, err := PipelineVersions(r, hookup)
	if err != nil || len(list) == 0 {
		return procedure.Section{}, err
	}
	used := false
	for _, v := range list {
		state := map[string]string{"proposed": "待审核", "approved": "已停用", "refused": "未通过"}[v.State]
		if v.State == "approved" && !used {
			state, used = "在用", true
		}
		var name string
		if err := r.Get(&name, `SELECT name FROM person WHERE id = $1`, v.ProposedBy); err != nil && !errors.Is(err, store.ErrNotFound) {
			return s, err
		}
		s.Rows = append(s.Rows, map[string]any{"n": v.N, "digest": v.Digest, "reason": v.Reason, "proposed": v.Proposed, "by": name, "decided": v.Decided, "state": state})
	}
	return s, nil
}

// RevisionDifference shows the newest version of the pipeline against the one in use before it,
// line by line; empty when there is only one.
func RevisionDifference(r *store.ReadTx, hookup string) (procedure.Section, error) {
	list, err := PipelineVersions(r, hookup)
	if err != nil || len(list) < 2 {
		return procedure.Section{}, err
	}
	to, from := list[0], PipelineVersion{}
	for _, v := range list[1:] {
		if v.State == "approved" {
			from = v
			break
		}
	}
	s := procedure.Section{Kind: "table", Clause: "6.2.2", Note: fmt.Sprintf("第%d版对照第%d版，只列出不同的行。", to.N, from.N),
		Columns: []procedure.Column{{Key: "line", Label: "行", Kind: "int"}, {Key: "change", Label: "变化", Kind: "tag"}, {Key: "text", Label: "声明", Kind: "code", Primary: true}}}
	if to.RowsBound != from.RowsBound {
		s.Rows = append(s.Rows, map[string]any{"line": 0, "change": "最多行数", "text": fmt.Sprintf("%d → %d", from.RowsBound, to.RowsBound)})
	}
	for _, x := range lines(strings.Split(strings.TrimRight(from.Declaration, "\n"), "\n"), strings.Split(strings.TrimRight(to.Declaration, "\n"), "\n")) {
		s.Rows = append(s.Rows, map[string]any{"line": x.n, "change": x.change, "text": x.text})
	}
	return s, nil
}

type line struct {
	n            int
	change, text string
}

// lines is the difference of two texts by their longest common lines; removed lines carry their
// old number, added ones their new. Declarations are short: the table is at most some hundred wide.
func lines(a, b []string) (out []line) {
	long := make([][]int, len(a)+1)
	for i := range long {
		long[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				long[i][j] = long[i+1][j+1] + 1
			} else {
				long[i][j] = max(long[i+1][j], long[i][j+1])
			}
		}
	}
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			i, j = i+1, j+1
		case j >= len(b) || i < len(a) && long[i+1][j] >= long[i][j+1]:
			out = append(out, line{i + 1, "删去", a[i]})
			i++
		default:
			out = append(out, line{j + 1, "新增", b[j]})
			j++
		}
	}
	return out
}
