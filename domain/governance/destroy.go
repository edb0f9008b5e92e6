package governance

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"pado/core/calendar"
	"pado/core/job"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/domain/governance/ingest"
	"pado/domain/governance/vault"
	"pado/plan"
)

// KindDestroy is the kind of the job that destroys raw files.
const KindDestroy = "governance.destroy"

// Destroyed is what a certificate of destruction (销毁证明) states of one raw file.
type Destroyed struct {
	CaseNo, Raw, Hookup, Name      string
	Size                           int64
	SHA256, EnvelopeSHA256, Method string
	Limits                         string
	Parts                          int // copies removed: raw zone, upload, rows set aside
	Person                         string
	At                             store.Time
}

const destroyedColumns = `case_no, raw, hookup, name, size, sha256, envelope_sha256, method, limits, parts, person, at`

// DestroyedIn lists what a case destroyed, in the order of the files.
func DestroyedIn(r *store.ReadTx, caseNo string) ([]Destroyed, error) {
	var out []Destroyed
	return out, r.Select(&out, `SELECT `+destroyedColumns+` FROM raw_destruction WHERE case_no = $1 ORDER BY raw`, caseNo)
}

// KeptUntil is the last day a raw file is kept; months is the parameter, which the connection's own
// number stands before.
func KeptUntil(h Hookup, f Raw, months int) calendar.Date {
	if h.RetainMonths > 0 {
		months = h.RetainMonths
	}
	return calendar.DateOf(f.Received.In(calendar.Shanghai).AddDate(0, months, 0))
}

// QueueDestroy asks for raw files to be destroyed as a job; the case decided it.
func QueueDestroy(w *store.Tx, caseNo string, raws []string, person, org string) (string, error) {
	return job.Enqueue(w, job.Spec{Kind: KindDestroy, Title: "销毁原始数据", Person: person, Org: org, CaseNo: caseNo, Key: "destroy/" + caseNo, Input: map[string]any{"case": caseNo, "raws": raws}})
}

// destroyJob destroys every copy the platform holds of the files and records what is proved to be
// gone. Killed in between, the next run destroys what is left and finds the facts of the rest.
func (r *Runner) destroyJob(ctx context.Context, t *job.Task) (job.Outcome, error) {
	var in struct {
		Case string
		Raws []string
	}
	if err := t.Input(&in); err != nil {
		return job.Outcome{}, err
	}
	var list []Destroyed
	for i, id := range in.Raws {
		if err := ctx.Err(); err != nil {
			return job.Outcome{}, err
		}
		t.Progress(int64(i), int64(len(in.Raws)), "销毁"+id)
		d, err := r.destroy(ctx, id)
		if err != nil {
			return job.Outcome{}, fmt.Errorf("destroy %s: %w", id, err)
		}
		d.CaseNo, d.Person = in.Case, t.Job.Person
		list = append(list, d)
	}
	return job.Outcome{Result: map[string]any{"files": len(list)}, Commit: func(w *store.Tx) error {
		for _, d := range list {
			d.At = store.At(w.Now())
			if err := w.ExecOne(`UPDATE raw_file SET state = 'destroyed', outcome = '已按程序销毁' WHERE id = $1`, d.Raw); err != nil {
				return err
			}
			if _, err := w.Exec(`INSERT INTO raw_destruction (`+destroyedColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)`,
				d.CaseNo, d.Raw, d.Hookup, d.Name, d.Size, d.SHA256, d.EnvelopeSHA256, d.Method, d.Limits, d.Parts, d.Person, d.At); err != nil {
				return err
			}
			record(w, "raw.destroy", d.Person, t.Job.Org, d.Raw, "destroy", "destroyed", map[string]string{"case": d.CaseNo, "sha256": d.SHA256, "envelope": d.EnvelopeSHA256, "parts": fmt.Sprint(d.Parts)})
		}
		return nil
	}}, nil
}

// destroy removes the key and the ciphertext of a raw file, its copy among the uploads and the rows
// that were set aside from it, and looks that none is left.
func (r *Runner) destroy(ctx context.Context, id string) (Destroyed, error) {
	var f Raw
	var versions []struct{ ID, Dataset string }
	if err := r.c.DB.View(ctx, func(x *store.ReadTx) (err error) {
		if f, err = RawByID(x, id); err != nil {
			return err
		}
		return x.Select(&versions, `SELECT id, dataset FROM dataset_version WHERE raw = $1 ORDER BY n`, id)
	}); err != nil {
		return Destroyed{}, err
	}
	d := Destroyed{Raw: f.ID, Hookup: f.Hookup, Name: f.Name, Size: f.Size, SHA256: f.SHA256, Method: "密钥销毁并删除密文", Limits: "备份介质和存储介质的残留不在此列；残留密文没有数据密钥不可解密"}
	objects := []string{f.object()}
	if f.object() != f.ID {
		objects = append(objects, f.ID)
	}
	for _, o := range objects {
		facts, err := r.c.Vault.Destroy(o)
		if errors.Is(err, vault.ErrNotFound) {
			continue // it never reached the raw zone under this name
		}
		if err != nil {
			return d, err
		}
		if _, err := r.c.Vault.Gone(o); err != nil {
			return d, err
		}
		d.EnvelopeSHA256, d.Method, d.Limits = facts.EnvelopeSHA256, facts.Method, facts.Limits
		d.Parts++
	}
	if err := r.forget(f); err != nil {
		return d, err
	}
	if f.Attachment != "" {
		d.Parts++
	}
	for _, v := range versions {
		aside, err := vault.At(filepath.Join(r.c.Pool, v.Dataset, ingest.QuarantineDir), r.c.Ring, vault.AES256GCM)
		if err != nil {
			return d, err
		}
		if err := aside.Discard(v.ID); err != nil {
			return d, err
		}
		if _, err := aside.Stat(v.ID); !errors.Is(err, vault.ErrNotFound) {
			return d, fmt.Errorf("rows set aside from %s are still there: %w", id, err)
		}
		d.Parts++
	}
	return d, nil
}

// Destroyable lists the raw files of an operator's connections that are there, the oldest first.
// A query of text narrows it.
func Destroyable(r *store.ReadTx, operator, q string) ([]procedure.Option, error) {
	var rows []Raw
	like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(q) + "%"
	if err := r.Select(&rows, `SELECT `+qualified("f", rawColumns)+` FROM raw_file f JOIN hookup h ON h.id = f.hookup WHERE h.operator_org = $1 AND f.state IN ('ingested', 'failed') AND (f.name LIKE $2 ESCAPE '\' OR f.id LIKE $3 ESCAPE '\')
		ORDER BY f.received, f.id LIMIT 50`, operator, like, like); err != nil {
		return nil, err
	}
	var out []procedure.Option
	for _, f := range rows {
		out = append(out, procedure.Option{Value: f.ID, Label: fmt.Sprintf("%s（%s，%s 报送）", f.Name, f.ID, f.Received.In(calendar.Shanghai).Format(time.DateOnly))})
	}
	return out, nil
}

func qualified(table, columns string) string {
	return table + "." + strings.ReplaceAll(columns, ", ", ", "+table+".")
}

// destructionRegister is 原始数据销毁登记.
func destructionRegister() *register.Register {
	return &register.Register{ID: "raw_destructions", Title: "原始数据销毁登记", Group: group, Plan: plan.C("10.5.1"), Roles: []procedure.Role{"authority", "source", "operator", "audit_admin", "auditor"},
		Columns: []procedure.Column{{Key: "raw", Label: "原始文件编号", Kind: "code"}, {Key: "name", Label: "文件", Kind: "text", Primary: true}, {Key: "item", Label: "目录项", Kind: "text"}, {Key: "source", Label: "数源部门", Kind: "text"},
			{Key: "sha256", Label: "摘要", Kind: "code"}, {Key: "parts", Label: "销毁副本数", Kind: "int"}, {Key: "at", Label: "销毁时间", Kind: "datetime"}, {Key: "case", Label: "事项", Kind: "code"}},
		From: "raw_destruction m LEFT JOIN hookup h ON h.id = m.hookup LEFT JOIN catalogue_item i ON i.id = h.item LEFT JOIN org o ON o.id = h.source_org", Key: "m.raw || '@' || m.case_no",
		Cells:  map[string]string{"raw": "m.raw", "name": "m.name", "item": "i.title", "source": "o.name", "sha256": "m.sha256", "parts": "m.parts", "at": "m.at", "case": "m.case_no"},
		Search: []string{"m.raw", "m.name", "i.title"}, Order: "-m.at", Visible: watched("h.source_org", "h.operator_org", "h.division")}
}

// watched is own, with those who watch over everything in their division.
func watched(source, operator, division string) func(procedure.Actor, func(any) string) string {
	return func(a procedure.Actor, arg func(any) string) string {
		cond := own(source, operator, division)(a, arg)
		for _, d := range a.Desks {
			if d.Role == "auditor" || d.Role == "audit_admin" {
				cond += " OR " + register.Within(division, d.Division, arg)
			}
		}
		return cond
	}
}
