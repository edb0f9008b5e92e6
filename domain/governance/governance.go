// Package governance holds the connections of sources, the files they delivered and the immutable
// dataset versions made of them (clause 6.2.2). See README.md.
package governance

import (
	"encoding/json"
	"fmt"

	"pado/core/audit"
	"pado/core/canon"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/ingest/quality"
)

// Hookup is a source's connection for one catalogue item (数据接入).
type Hookup struct {
	ID, Item, SourceOrg, OperatorOrg, Division string
	Kind                                       string // see Kinds
	Dataset                                    string
	Pipeline, PipelineDigest                   string // declaration as text; its digest
	Cycle                                      string // supply cycle, a code of the catalogue
	State                                      string // connected or stopped
	CaseNo                                     string
	Created, Stopped                           store.Time
	RetainMonths                               int // raw files are kept so long; 0 = the city's parameter
}

const hookupColumns = `id, item, source_org, operator_org, division, kind, dataset, pipeline, pipeline_digest, cycle, state, case_no, created, stopped, retain_months`

// UnitDomains are what a protected unit can be (保护单元).
var UnitDomains = []procedure.Option{{Value: "natural_person", Label: "自然人"}, {Value: "household", Label: "家庭户"},
	{Value: "legal_entity", Label: "法人和非法人组织"}, {Value: "row", Label: "每行即一个单元"}, {Value: "none", Label: "无保护单元（公开数据）"}}

// Dataset is what the versions made for a catalogue item belong to (数据集).
type Dataset struct {
	ID, Item, Title, SourceOrg, Division string
	UnitDomain, UnitColumn               string
	RowsBound                            int    // rows one unit may contribute to a question (K)
	CurrentVersion                       string // newest accepted; empty = none
	Created                              store.Time
}

const datasetColumns = `id, item, title, source_org, division, unit_domain, unit_column, rows_bound, current_version, created`

// Version is one immutable version of a dataset.
type Version struct {
	ID, Dataset              string
	N                        int
	Hookup, Raw              string
	Rows, Quarantined        int64
	Score                    int    // basis points; see Score
	Path                     string // relative to the pool
	FileDigest               string // SHA-256 of the Parquet file, hex
	Schema, Quality, Lineage string // JSON of the ingest room
	Created, Decided         store.Time
	DecidedBy                string
	State                    string // made, accepted, rejected, withdrawn
	CaseNo                   string
}

const versionColumns = `id, dataset, n, hookup, raw, rows, quarantined, score, path, file_digest, schema, quality, lineage, created, decided, decided_by, state, case_no`

// Raw is a delivered file on record; its bytes are in the vault under ID.
type Raw struct {
	ID, Hookup, Name string
	Size             int64
	SHA256           string
	Attachment       string
	Person, Org      string
	Received         store.Time
	State            string // received, ingested, failed, destroyed
	Outcome          string // why it failed, for people
	CaseNo           string
	Object           string // name of the bytes in the vault; empty = ID
	Way              string // upload, push, or the kind that was fetched
}

const rawColumns = `id, hookup, name, size, sha256, attachment, person, org, received, state, outcome, case_no, object, way`

// HookupByID reads a hookup; store.ErrNotFound when there is none.
func HookupByID(r *store.ReadTx, id string) (Hookup, error) {
	var h Hookup
	return h, r.Get(&h, `SELECT `+hookupColumns+` FROM hookup WHERE id = $1`, id)
}

// HookupOfCase reads the hookup a case connected.
func HookupOfCase(r *store.ReadTx, caseNo string) (Hookup, error) {
	var h Hookup
	return h, r.Get(&h, `SELECT `+hookupColumns+` FROM hookup WHERE case_no = $1`, caseNo)
}

// DatasetByID reads a dataset; store.ErrNotFound when there is none.
func DatasetByID(r *store.ReadTx, id string) (Dataset, error) {
	var d Dataset
	return d, r.Get(&d, `SELECT `+datasetColumns+` FROM dataset WHERE id = $1`, id)
}

// DatasetsOfItem lists the datasets made for a catalogue item, the newest first.
func DatasetsOfItem(r *store.ReadTx, item string) ([]Dataset, error) {
	var out []Dataset
	return out, r.Select(&out, `SELECT `+datasetColumns+` FROM dataset WHERE item = $1 ORDER BY created DESC, id DESC`, item)
}

// VersionByID reads a version; store.ErrNotFound when there is none.
func VersionByID(r *store.ReadTx, id string) (Version, error) {
	var v Version
	return v, r.Get(&v, `SELECT `+versionColumns+` FROM dataset_version WHERE id = $1`, id)
}

// Versions lists the versions of a dataset, the newest first.
func Versions(r *store.ReadTx, dataset string) ([]Version, error) {
	var out []Version
	return out, r.Select(&out, `SELECT `+versionColumns+` FROM dataset_version WHERE dataset = $1 ORDER BY n DESC`, dataset)
}

// RawByID reads the record of a delivered file.
func RawByID(r *store.ReadTx, id string) (Raw, error) {
	var f Raw
	return f, r.Get(&f, `SELECT `+rawColumns+` FROM raw_file WHERE id = $1`, id)
}

// LastDelivery finds the newest delivered file of a hookup; store.ErrNotFound when there is none.
func LastDelivery(r *store.ReadTx, hookup string) (Raw, error) {
	var f Raw
	return f, r.Get(&f, `SELECT `+rawColumns+` FROM raw_file WHERE hookup = $1 ORDER BY received DESC, id DESC LIMIT 1`, hookup)
}

// VersionOfRaw finds the newest version made of a delivered file.
func VersionOfRaw(r *store.ReadTx, raw string) (Version, error) {
	var v Version
	return v, r.Get(&v, `SELECT `+versionColumns+` FROM dataset_version WHERE raw = $1 ORDER BY n DESC LIMIT 1`, raw)
}

// ReadPipeline checks a declaration and gives its digest. The error is a *pipeline.Error, whose
// message may be shown.
func ReadPipeline(text string) (*pipeline.Pipeline, string, error) {
	p, err := pipeline.Decode([]byte(text))
	if err != nil {
		return nil, "", err
	}
	return p, canon.Digest([]byte(text)), nil
}

// Connect records a source's connection and the dataset its deliveries go to (clause 6.2.2). An
// earlier dataset of the same item and unit is continued. It fills the ids, states and times.
// store.ErrConflict: the item is connected already. Crash state: all or nothing.
func Connect(w *store.Tx, h Hookup, d Dataset, by string) (Hookup, Dataset, error) {
	_, digest, err := ReadPipeline(h.Pipeline)
	if err != nil {
		return h, d, err
	}
	now := store.At(w.Now())
	old, err := DatasetsOfItem(&w.ReadTx, h.Item)
	if err != nil {
		return h, d, err
	}
	known := false
	for _, o := range old {
		if o.UnitDomain == d.UnitDomain && o.UnitColumn == d.UnitColumn {
			o.RowsBound = d.RowsBound
			d, known = o, true
			break
		}
	}
	if known {
		if err := w.ExecOne(`UPDATE dataset SET rows_bound = $1 WHERE id = $2`, d.RowsBound, d.ID); err != nil {
			return h, d, err
		}
	} else {
		n, err := w.Next("dataset")
		if err != nil {
			return h, d, err
		}
		d.ID, d.Item, d.SourceOrg, d.Division, d.Created = fmt.Sprintf("ds-%06d", n), h.Item, h.SourceOrg, h.Division, now
		if _, err := w.Exec(`INSERT INTO dataset (`+datasetColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)`,
			d.ID, d.Item, d.Title, d.SourceOrg, d.Division, d.UnitDomain, d.UnitColumn, d.RowsBound, d.CurrentVersion, d.Created); err != nil {
			return h, d, err
		}
	}
	n, err := w.Next("hookup")
	if err != nil {
		return h, d, err
	}
	h.ID, h.Dataset, h.PipelineDigest, h.State, h.Created = fmt.Sprintf("hk-%06d", n), d.ID, digest, "connected", now
	if _, err := w.Exec(`INSERT INTO hookup (`+hookupColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)`,
		h.ID, h.Item, h.SourceOrg, h.OperatorOrg, h.Division, h.Kind, h.Dataset, h.Pipeline, h.PipelineDigest, h.Cycle, h.State, h.CaseNo, h.Created, h.Stopped, h.RetainMonths); err != nil {
		return h, d, err
	}
	record(w, "governance.connect", by, h.OperatorOrg, h.ID, "connect", "connected", map[string]string{"case": h.CaseNo, "item": h.Item, "dataset": d.ID, "pipeline": digest, "retain": fmt.Sprint(h.RetainMonths)})
	return h, d, addPipeline(w, PipelineVersion{Hookup: h.ID, Digest: digest, Declaration: h.Pipeline, RowsBound: d.RowsBound, Reason: "对接时登记", ProposedBy: by, State: "approved", CaseNo: h.CaseNo})
}

// StopHookup ends a connection; versions stay. store.ErrConflict when it is not connected.
func StopHookup(w *store.Tx, id, by string) error {
	if err := w.ExecOne(`UPDATE hookup SET state = 'stopped', stopped = $1 WHERE id = $2 AND state = 'connected'`, store.At(w.Now()), id); err != nil {
		return err
	}
	record(w, "governance.connect", by, "", id, "stop", "stopped", nil)
	return nil
}

// Decide accepts or rejects a version that was made. An accepted one becomes the dataset's
// current version. store.ErrConflict when it has been decided already.
func Decide(w *store.Tx, version string, accept bool, person, org string) error {
	state := "rejected"
	if accept {
		state = "accepted"
	}
	if err := w.ExecOne(`UPDATE dataset_version SET state = $1, decided = $2, decided_by = $3 WHERE id = $4 AND state = 'made'`, state, store.At(w.Now()), person, version); err != nil {
		return err
	}
	v, err := VersionByID(&w.ReadTx, version)
	if err != nil {
		return err
	}
	if accept {
		if err := w.ExecOne(`UPDATE dataset SET current_version = $1 WHERE id = $2`, version, v.Dataset); err != nil {
			return err
		}
	}
	record(w, "governance.version", person, org, version, state, state, map[string]string{"dataset": v.Dataset, "file": v.FileDigest, "score": fmt.Sprint(v.Score), "case": v.CaseNo})
	return nil
}

// Score is the mean of the dimensions that were judged, in basis points, rounded down; 0 when
// none was. The counts behind it stay in the report.
func Score(q quality.Report) int {
	var sum, n int64
	for _, d := range q.Dimensions {
		if d.Denominator > 0 {
			sum += d.Numerator * 10_000 / d.Denominator
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return int(sum / n)
}

// Report decodes the quality report of a version.
func (v Version) Report() (quality.Report, error) {
	var q quality.Report
	if err := json.Unmarshal([]byte(v.Quality), &q); err != nil {
		return q, fmt.Errorf("read the quality report of %s: %w", v.ID, err)
	}
	return q, nil
}

func record(w *store.Tx, kind, by, org, object, action, to string, detail map[string]string) {
	for k, v := range detail {
		if v == "" {
			delete(detail, k)
		}
	}
	w.Record(audit.Entry{Type: kind, Actor: by, Org: org, Object: object, Action: action, To: to, Clause: "6.2.2", Result: audit.Done, Detail: detail})
}
