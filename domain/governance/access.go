package governance

import (
	"context"
	"fmt"
	"io"

	"pado/core/audit"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/plan"
)

// Purposes of opening raw bytes.
const (
	ForIngest = "ingest"
	ForSheet  = "sheet"
)

var purposes = []procedure.Option{{Value: ForIngest, Label: "治理作业读取"}, {Value: ForSheet, Label: "核对表样"}}

// Access is one opening of the bytes of a raw file: who, when, what for.
type Access struct {
	ID, Raw, Hookup, Person, Org, Purpose, CaseNo string
	At                                            store.Time
}

// accessed records an opening before it happens; without the entry there are no bytes.
func (r *Runner) accessed(ctx context.Context, a Access) error {
	_, err := r.c.DB.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		n, err := w.Next("raw_access")
		if err != nil {
			return audit.Entry{}, err
		}
		a.ID, a.At = fmt.Sprintf("ra-%08d", n), store.At(w.Now())
		_, err = w.Exec(`INSERT INTO raw_access (id, raw, hookup, person, org, purpose, case_no, at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)`,
			a.ID, a.Raw, a.Hookup, a.Person, a.Org, a.Purpose, a.CaseNo, a.At)
		return audit.Entry{Type: "raw.access", Actor: a.Person, Org: a.Org, Object: a.Raw, Action: "open", Clause: "10.5.1", Result: audit.Done,
			Detail: map[string]string{"id": a.ID, "purpose": a.Purpose, "hookup": a.Hookup, "case": a.CaseNo}}, err
	})
	return err
}

// OpenRaw opens the bytes of a delivered file for a person, after the access is on record. Who may
// is the caller's to check; purpose is one of the constants. store.ErrNotFound; a vault error when
// the bytes are not (or no longer) there.
func (r *Runner) OpenRaw(ctx context.Context, raw, person, org, purpose string) (io.ReadCloser, error) {
	var f Raw
	if err := r.c.DB.View(ctx, func(x *store.ReadTx) (err error) { f, err = RawByID(x, raw); return err }); err != nil {
		return nil, err
	}
	if err := r.secure(ctx, f); err != nil {
		return nil, err
	}
	if err := r.accessed(ctx, Access{Raw: f.ID, Hookup: f.Hookup, Person: person, Org: org, Purpose: purpose, CaseNo: f.CaseNo}); err != nil {
		return nil, err
	}
	return r.c.Vault.Open(f.object())
}

// OpenUpload is OpenRaw for the person's own complete upload that is not delivered yet.
func (r *Runner) OpenUpload(ctx context.Context, upload, person, purpose string) (io.ReadCloser, error) {
	u, _, err := r.UploadOf(ctx, person, upload)
	if err != nil {
		return nil, err
	}
	if u.State == "open" {
		return nil, store.ErrNotFound
	}
	if err := r.accessed(ctx, Access{Raw: u.ID, Hookup: u.Hookup, Person: person, Org: u.Org, Purpose: purpose, CaseNo: u.CaseNo}); err != nil {
		return nil, err
	}
	return r.c.Vault.Open(u.ID)
}

// accessRegister is 原始数据访问登记.
func accessRegister() *register.Register {
	return &register.Register{ID: "raw_access", Title: "原始数据访问登记", Group: group, Plan: plan.C("10.5.1"), Roles: []procedure.Role{"authority", "source", "operator", "audit_admin", "auditor"},
		Columns: []procedure.Column{{Key: "id", Label: "登记号", Kind: "code"}, {Key: "at", Label: "时间", Kind: "datetime"}, {Key: "item", Label: "目录项", Kind: "text", Primary: true}, {Key: "file", Label: "文件", Kind: "text"},
			{Key: "who", Label: "访问者", Kind: "text"}, {Key: "purpose", Label: "目的", Kind: "tag"}, {Key: "case", Label: "事项", Kind: "code"}, {Key: "raw", Label: "原始文件编号", Kind: "code"}},
		Filters: []register.Filter{{Key: "purpose", Label: "目的", Expr: "m.purpose", Options: purposes}},
		From:    "raw_access m LEFT JOIN hookup h ON h.id = m.hookup LEFT JOIN catalogue_item i ON i.id = h.item LEFT JOIN raw_file f ON f.id = m.raw LEFT JOIN person p ON p.id = m.person", Key: "m.id",
		Cells:  map[string]string{"id": "m.id", "at": "m.at", "item": "i.title", "file": "f.name", "who": "COALESCE(p.name, '治理作业')", "purpose": register.LabelCase("m.purpose", purposes), "case": "m.case_no", "raw": "m.raw"},
		Search: []string{"m.id", "i.title", "f.name", "m.raw"}, Order: "-m.at",
		Visible: watched("h.source_org", "h.operator_org", "h.division")}
}
