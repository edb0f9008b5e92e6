package governance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/job"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/governance/connector"
	"pado/plan"
)

// Kinds of the jobs that fetch a delivery and that test a connection.
const (
	KindFetch = "governance.fetch"
	KindProbe = "governance.probe"
)

// retryFetch is how long after a failure of the other side it is tried again.
const retryFetch = time.Hour

// Delivery hands what was fetched to the case of the hookup.
type Delivery interface {
	// Open tells whether the case takes a delivery now.
	Open(r *store.ReadTx, caseNo string) (bool, error)
	// Authorised tells whether data may be taken for the hookup now (5.3): its item stands in the
	// catalogue and under an agreement in force.
	Authorised(r *store.ReadTx, h Hookup) (bool, error)
	// Deliver takes the case's step of delivery with a staged upload, as the machine.
	Deliver(ctx context.Context, h Hookup, upload string) error
}

// Connector is what the platform fetches from for a hookup, and how the last time went.
type Connector struct {
	Hookup, Spec, Digest, Watermark string
	Due                             store.Time
	LastJob                         string
	Fetched                         store.Time
	Code, Outcome                   string
}

const connectorColumns = `hookup, spec, digest, watermark, due, last_job, fetched, code, outcome`

// ConnectorOf reads what a hookup is fetched from; store.ErrNotFound when it is not fetched.
func ConnectorOf(r *store.ReadTx, hookup string) (Connector, error) {
	var c Connector
	return c, r.Get(&c, `SELECT `+connectorColumns+` FROM connector WHERE hookup = $1`, hookup)
}

// Declared reads the connection of a connector.
func (c Connector) Declared() (connector.Spec, error) {
	var s connector.Spec
	if err := json.Unmarshal([]byte(c.Spec), &s); err != nil {
		return s, fmt.Errorf("read the connection of %s: %w", c.Hookup, err)
	}
	return s, nil
}

// SetConnector records what a hookup is fetched from; the first time is at once.
func SetConnector(w *store.Tx, h Hookup, s connector.Spec, by string) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	due := store.At(w.Now())
	if _, timed := following(h.Cycle, w.Now()); !timed {
		due = store.Time{}
	}
	if _, err := w.Exec(`INSERT INTO connector (`+connectorColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)`, h.ID, string(text), s.Digest(), "", due, "", store.Time{}, "", ""); err != nil {
		return err
	}
	record(w, "governance.connector", by, h.SourceOrg, h.ID, "declare", s.Kind, map[string]string{"digest": s.Digest(), "case": h.CaseNo})
	return nil
}

// following is when a supply cycle comes round next; false for one without a rhythm.
func following(cycle string, t time.Time) (time.Time, bool) {
	t = t.In(calendar.Shanghai)
	switch cycle {
	case "realtime":
		return t.Add(15 * time.Minute), true
	case "day":
		return t.AddDate(0, 0, 1), true
	case "week":
		return t.AddDate(0, 0, 7), true
	case "month":
		return t.AddDate(0, 1, 0), true
	case "quarter":
		return t.AddDate(0, 3, 0), true
	case "half_year":
		return t.AddDate(0, 6, 0), true
	case "year":
		return t.AddDate(1, 0, 0), true
	}
	return t, false
}

// sealedAccount is an account with the server it was entered for.
type sealedAccount struct {
	connector.Secret
	For string `json:"for"`
}

// errElsewhere: an account goes to the server it was entered for and to no other, whoever declares it.
var errElsewhere = &connector.Error{Code: "connect.elsewhere", Field: "address", Message: "连接的地址、加密方式或主机密钥在录入凭据之后改动过，请数源部门核对后重新录入凭据"}

// Probe is the newest test of a case's connection.
type Probe struct {
	CaseNo, Digest string
	Ok             bool
	Code, Say      string
	Detail         string // JSON list of columns
	At             store.Time
}

// ProbeOf reads the newest test of a case's connection; store.ErrNotFound when there was none.
func ProbeOf(r *store.ReadTx, caseNo string) (Probe, error) {
	var p Probe
	return p, r.Get(&p, `SELECT case_no, digest, ok, code, say, detail, at FROM connector_probe WHERE case_no = $1`, caseNo)
}

// QueueProbe asks for a test of a connection as a job.
func QueueProbe(w *store.Tx, caseNo string, s connector.Spec, person, org string) (string, error) {
	return job.Enqueue(w, job.Spec{Kind: KindProbe, Title: "测试连接", Person: person, Org: org, CaseNo: caseNo, Input: map[string]any{"case": caseNo, "spec": s}})
}

func (r *Runner) probeJob(ctx context.Context, t *job.Task) (job.Outcome, error) {
	var in struct {
		Case string
		Spec connector.Spec
	}
	if err := t.Input(&in); err != nil {
		return job.Outcome{}, err
	}
	t.Progress(0, 0, "正在连接")
	k, err := r.credential(ctx, in.Case, in.Spec)
	var f connector.Finding
	if err == nil {
		f, err = r.fetcher().Probe(ctx, in.Spec, k)
	}
	p := Probe{CaseNo: in.Case, Digest: in.Spec.Digest(), Ok: err == nil, Say: f.Say}
	var bad *connector.Error
	switch {
	case errors.As(err, &bad):
		p.Code, p.Say = bad.Code, bad.Message
	case err != nil:
		return job.Outcome{}, err
	}
	detail, err := json.Marshal(f.Columns)
	if err != nil {
		return job.Outcome{}, err
	}
	return job.Outcome{Result: map[string]any{"ok": p.Ok, "say": p.Say}, Commit: func(w *store.Tx) error {
		p.At = store.At(w.Now())
		if _, err := w.Exec(`INSERT INTO connector_probe (case_no, digest, ok, code, say, detail, at) VALUES ($1,$2,$3,$4,$5,$6,$7)
			ON CONFLICT (case_no) DO UPDATE SET digest = excluded.digest, ok = excluded.ok, code = excluded.code, say = excluded.say, detail = excluded.detail, at = excluded.at`,
			p.CaseNo, p.Digest, p.Ok, p.Code, p.Say, string(detail), p.At); err != nil {
			return err
		}
		record(w, "governance.probe", t.Job.Person, t.Job.Org, in.Case, "probe", fmt.Sprint(p.Ok), map[string]string{"digest": p.Digest, "code": p.Code})
		return nil
	}}, nil
}

func (r *Runner) fetcher() *connector.Client {
	if r.c.Fetch == nil {
		return connector.New(connector.Config{Wall: r.c.DB.Wall})
	}
	return r.c.Fetch
}

// QueueFetch asks for a delivery to be fetched; key makes two askings one.
func QueueFetch(w *store.Tx, h Hookup, key, person, org string) (string, error) {
	return job.Enqueue(w, job.Spec{Kind: KindFetch, Title: "按接入登记取数", Person: person, Org: org, CaseNo: h.CaseNo, Key: key, Input: map[string]string{"hookup": h.ID}})
}

// Schedule queues the fetches that are due and whose case takes a delivery now. A case that waits
// for its acceptance keeps its turn until then. It returns how many it queued.
func (r *Runner) Schedule(ctx context.Context) (int, error) {
	if r.c.Delivery == nil {
		return 0, nil
	}
	now, err := r.c.DB.Now(ctx)
	if err != nil {
		return 0, err
	}
	var due []string
	if err := r.c.DB.View(ctx, func(x *store.ReadTx) error {
		return x.Select(&due, `SELECT c.hookup FROM connector c JOIN hookup h ON h.id = c.hookup WHERE h.state = 'connected' AND c.due <= $1 ORDER BY c.due, c.hookup LIMIT 200`, store.At(now))
	}); err != nil {
		return 0, err
	}
	n := 0
	for _, id := range due {
		queued, err := r.schedule(ctx, id)
		if err != nil {
			return n, err
		}
		if queued {
			n++
		}
	}
	return n, nil
}

func (r *Runner) schedule(ctx context.Context, id string) (queued bool, err error) {
	_, err = r.c.DB.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if err := w.Lock("connector", "hookup", id); err != nil {
			return audit.Entry{}, err
		}
		c, err := ConnectorOf(&w.ReadTx, id)
		if err != nil || c.Due.IsZero() || c.Due.After(w.Now()) {
			return audit.Entry{}, err
		}
		h, err := HookupByID(&w.ReadTx, id)
		if err != nil {
			return audit.Entry{}, err
		}
		if err := r.authorised(&w.ReadTx, h); err != nil {
			return audit.Entry{}, ignoreRefused(err)
		}
		open, err := r.c.Delivery.Open(&w.ReadTx, h.CaseNo)
		if err != nil || !open {
			return audit.Entry{}, err
		}
		next, timed := following(h.Cycle, c.Due.Time)
		for timed && !next.After(w.Now()) { // what was missed while nobody was there is fetched once
			next, _ = following(h.Cycle, next)
		}
		at := store.At(next)
		if !timed {
			at = store.Time{}
		}
		if err := w.ExecOne(`UPDATE connector SET due = $1 WHERE hookup = $2`, at, id); err != nil {
			return audit.Entry{}, err
		}
		if _, err := QueueFetch(w, h, fmt.Sprintf("fetch/%s/%d", id, c.Due.UnixMilli()), "clock", h.SourceOrg); err != nil {
			return audit.Entry{}, err
		}
		queued = true
		return audit.Entry{Type: "governance.fetch", Actor: "clock", Org: h.SourceOrg, Object: id, Action: "schedule", Clause: "6.2.2", Result: audit.Done}, nil
	})
	if errors.Is(err, store.ErrNoEntry) {
		return false, nil
	}
	return queued, err
}

// fetchJob fetches, stages and delivers. It may be run again at any time: what was staged is begun
// anew, and what was delivered by this job is not delivered again.
func (r *Runner) fetchJob(ctx context.Context, t *job.Task) (job.Outcome, error) {
	var in struct{ Hookup string }
	if err := t.Input(&in); err != nil {
		return job.Outcome{}, err
	}
	var h Hookup
	var c Connector
	open := false
	var lapsed error
	if err := r.c.DB.View(ctx, func(x *store.ReadTx) (err error) {
		if h, err = HookupByID(x, in.Hookup); err != nil {
			return err
		}
		if lapsed = r.authorised(x, h); ignoreRefused(lapsed) != nil {
			return lapsed
		}
		if c, err = ConnectorOf(x, in.Hookup); err != nil || r.c.Delivery == nil {
			return err
		}
		open, err = r.c.Delivery.Open(x, h.CaseNo)
		return err
	}); err != nil {
		return job.Outcome{}, err
	}
	upload := "up_" + strings.ReplaceAll(t.Job.ID, "-", "_")
	taken := false
	if err := r.c.DB.View(ctx, func(x *store.ReadTx) (err error) {
		taken, err = x.Exists(`SELECT 1 FROM raw_upload WHERE id = $1 AND state = 'taken'`, upload)
		return err
	}); err != nil {
		return job.Outcome{}, err
	}
	switch {
	case taken && c.LastJob != t.Job.ID: // delivered by the run before, which died after it
		return r.fetched(c, t.Job.ID, "", "取数完成，已进入治理", map[string]any{"upload": upload}), nil
	case h.State != "connected":
		return job.Outcome{}, &job.Failure{Code: "fetch.stopped", Message: "该接入已停止，不再取数"}
	case lapsed != nil:
		return job.Outcome{}, r.fetchFailed(ctx, c, &connector.Error{Code: "fetch.unauthorised", Message: unauthorised})
	case !open:
		return job.Outcome{}, r.fetchFailed(ctx, c, &connector.Error{Code: "fetch.waiting", Message: "上一批数据尚待验收，验收后再取数", Retry: true})
	}
	s, err := c.Declared()
	if err != nil {
		return job.Outcome{}, err
	}
	k, err := r.credential(ctx, h.CaseNo, s)
	if errors.Is(err, errElsewhere) {
		return job.Outcome{}, r.fetchFailed(ctx, c, errElsewhere)
	}
	if err != nil {
		return job.Outcome{}, err
	}
	t.Progress(0, 0, "正在连接")
	var res connector.Result
	u, err := r.Stage(ctx, Upload{ID: upload, CaseNo: h.CaseNo, Hookup: h.ID, Way: s.Kind, Name: "x.csv", Person: procedure.Machine.Person, Org: h.SourceOrg}, func(out io.Writer) error {
		res, err = r.fetcher().Fetch(ctx, s, k, c.Watermark, out, func(rows, bytes int64) {
			if rows > 0 {
				t.Progress(rows, 0, fmt.Sprintf("已取%d行", rows))
			} else {
				t.Progress(bytes, 0, fmt.Sprintf("已取%d字节", bytes))
			}
		})
		if err != nil {
			return err
		}
		res.Name, err = FileName(res.Name)
		return err
	})
	var bad *connector.Error
	switch {
	case errors.Is(err, connector.ErrNothing):
		return r.fetched(c, t.Job.ID, "", "没有新数据", nil), nil
	case ctx.Err() == nil && errors.As(err, &bad):
		return job.Outcome{}, r.fetchFailed(ctx, c, bad)
	case err != nil:
		return job.Outcome{}, refusal(err)
	}
	same, err := r.name(ctx, u, res)
	if err != nil {
		return job.Outcome{}, err
	}
	say := "取数完成，已进入治理"
	if res.Rows >= 0 {
		say = fmt.Sprintf("取数完成：%d行，已进入治理", res.Rows)
	}
	if same {
		// The same bytes as before: supplied on time, and nothing to govern.
		if err := r.Unstage(ctx, u.ID); err != nil {
			return job.Outcome{}, err
		}
		say = "内容与以前取得的相同，没有需要治理的新数据"
	} else if err := r.c.Delivery.Deliver(ctx, h, u.ID); err != nil {
		return job.Outcome{}, errors.Join(refusal(err), r.Unstage(context.WithoutCancel(ctx), u.ID))
	}
	if err := res.Taken(ctx); err != nil && ctx.Err() == nil {
		say += "；对方目录不允许移动文件，下次按内容识别"
	}
	out := r.fetched(c, t.Job.ID, "", say, map[string]any{"rows": res.Rows, "sha256": u.SHA256})
	if same {
		inner := out.Commit
		out.Commit = func(w *store.Tx) error {
			if _, err := w.Exec(`UPDATE raw_file SET received = $1 WHERE hookup = $2 AND sha256 = $3`, store.At(w.Now()), h.ID, u.SHA256); err != nil {
				return err
			}
			return inner(w)
		}
	}
	return out, nil
}

// name gives the staged upload the name and the watermark of what was fetched, and tells whether
// the hookup has the same bytes governed already.
func (r *Runner) name(ctx context.Context, u Upload, res connector.Result) (same bool, err error) {
	err = r.c.DB.Scratch(ctx, func(x *store.ScratchTx) error {
		if _, err := x.Exec(uploadTable, `UPDATE raw_upload SET name = $1, watermark = $2 WHERE id = $3 AND state = 'complete'`, res.Name, res.Watermark, u.ID); err != nil {
			return err
		}
		same, err = x.Exists(`SELECT 1 FROM raw_file WHERE hookup = $1 AND sha256 = $2 AND state = 'ingested'`, u.Hookup, u.SHA256)
		return err
	})
	return same, err
}

const unauthorised = "目录项已撤销，或者没有生效的授权运营协议，不再接收数据"

// authorised refuses to take data in for a hookup whose right has lapsed: nothing is connected to,
// and no byte is staged.
func (r *Runner) authorised(x *store.ReadTx, h Hookup) error {
	if r.c.Delivery == nil {
		return nil
	}
	ok, err := r.c.Delivery.Authorised(x, h)
	if err == nil && !ok {
		return procedure.Refuse("hookup.authorised", plan.C("5.3"), "%s", unauthorised)
	}
	return err
}

// ignoreRefused leaves the errors that are no rule's no.
func ignoreRefused(err error) error {
	var ref *procedure.Refused
	if errors.As(err, &ref) {
		return nil
	}
	return err
}

// refusal makes a rule's no the end of a job, in the rule's words.
func refusal(err error) error {
	var ref *procedure.Refused
	if errors.As(err, &ref) {
		return &job.Failure{Code: ref.Code, Message: ref.Message, Cause: err}
	}
	return err
}

// fetched ends a fetch that succeeded.
func (r *Runner) fetched(c Connector, jobID, code, say string, result any) job.Outcome {
	return job.Outcome{Result: result, Commit: func(w *store.Tx) error {
		if err := w.ExecOne(`UPDATE connector SET fetched = $1, code = $2, outcome = $3, last_job = $4 WHERE hookup = $5`, store.At(w.Now()), code, say, jobID, c.Hookup); err != nil {
			return err
		}
		record(w, "governance.fetch", procedure.Machine.Person, "", c.Hookup, "fetch", "done", map[string]string{"job": jobID})
		return nil
	}}
}

// fetchFailed notes why nothing came; what may pass is tried again after a while.
func (r *Runner) fetchFailed(ctx context.Context, c Connector, bad *connector.Error) error {
	_, err := r.c.DB.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		due := c.Due
		if again := w.Now().Add(retryFetch); bad.Retry && !due.IsZero() && due.After(again) {
			due = store.At(again)
		}
		if err := w.ExecOne(`UPDATE connector SET due = $1, code = $2, outcome = $3 WHERE hookup = $4`, due, bad.Code, bad.Message, c.Hookup); err != nil {
			return audit.Entry{}, err
		}
		return audit.Entry{Type: "governance.fetch", Actor: procedure.Machine.Person, Object: c.Hookup, Action: "fail", Clause: "6.2.2", Result: audit.Done, Detail: map[string]string{"reason": bad.Code}}, nil
	})
	return errors.Join(&job.Failure{Code: bad.Code, Message: bad.Message, Cause: bad}, err)
}
