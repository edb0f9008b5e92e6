package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/canon"
	"pado/core/id"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/fielduse"
	"pado/domain/sandbox/guard"
	"pado/domain/sandbox/guard/refuse"
	"pado/plan"
)

// Options of a Service. DB, Params, Pool, Snapshots and Key are required.
type Options struct {
	DB        *store.DB
	Params    func(*store.ReadTx) (*plan.Parameters, error)
	Pool      string    // folder the paths of dataset versions are relative to
	Snapshots string    // folder of derived snapshots; may be emptied at any time while nothing runs
	Artefacts Artefacts // where released bytes are kept
	Key       []byte    // secret of the row order, at least 16 bytes; the same for the life of the platform
	Random    io.Reader // noise; nil = the operating system's
	Timeout   time.Duration
	Unjailed  bool // development only; the caller prints it
	Pace      func(context.Context)
}

// Service answers questions of projects. Safe for concurrent use. The process must call
// guard.ChildMain(os.Args) first of all in main, and in TestMain.
type Service struct {
	o     Options
	build builds
}

// New makes a service.
func New(o Options) *Service { return &Service{o: o} }

// Column, HalfWidths and Rows are the guard's; Answer is what a question leaves behind. With dry set
// only the plan is there: price, columns, half widths of the figures.
type Answer struct {
	ID         string            `json:"id,omitempty"`
	N          int               `json:"n,omitempty"`
	State      string            `json:"state"` // planned, answered, suppressed
	Columns    []guard.Column    `json:"columns"`
	Rows       [][]any           `json:"rows,omitempty"`
	HalfWidths [][]*float64      `json:"halfWidths,omitempty"`
	Withheld   int               `json:"withheld"`
	Truncated  bool              `json:"truncated,omitempty"`
	Rho        int64             `json:"rho"`
	Delta      int64             `json:"delta"`
	Repeated   bool              `json:"repeated,omitempty"`
	Digest     string            `json:"digest,omitempty"` // of the stored answer
	Aggregates []guard.Aggregate `json:"aggregates,omitempty"`
	Threshold  int64             `json:"threshold,omitempty"`
	Intent     int64             `json:"intent,omitempty"` // leaf numbers
	Release    int64             `json:"release,omitempty"`
}

// Stored is the released form of an answer, the bytes of question.answer.
type Stored struct {
	Outcome    string         `json:"outcome"`
	Columns    []guard.Column `json:"columns"`
	Rows       [][]any        `json:"rows"`
	HalfWidths [][]*float64   `json:"half_widths"`
	Suppressed int            `json:"suppressed"`
	Truncated  bool           `json:"truncated"`
	Question   string         `json:"question"`
	Policy     string         `json:"policy"`
	Snapshot   string         `json:"snapshot"`
}

// asking is one question on its way.
type asking struct {
	id, person, name, sql, digest string
	n                             int
	project                       Project
	tables                        []Table // those the question reads
	lineages                      []string
	rho, delta                    int64
	debited, repeated             bool
	intent                        int64
}

// ErrFailed is a question that was not answered for a reason inside the platform; the words are
// those of the guard's list.
type ErrFailed struct{ Refusal *refuse.Refusal }

func (e *ErrFailed) Error() string { return e.Refusal.Error() }

// hinted is a refusal together with what to write instead.
func refused(r *refuse.Refusal) *procedure.Refused {
	c, ok := plan.Lookup(r.Clause)
	if !ok {
		c = plan.C("6.3.3")
	}
	msg := r.Message
	if r.Hint != "" {
		msg += r.Hint
	}
	return &procedure.Refused{Code: string(r.Code), Message: msg, Clause: c}
}

// Ask puts a question to a project (clauses 6.3.2, 6.3.3). With dry set it says what it would cost and
// give, for free. Otherwise, in this order: permission is checked; the question is checked and
// priced; the intent is committed; the price is taken in a transaction that checks permission
// again; the guard runs, outside any transaction; the answer is committed together with its release
// entry, unless the project was stopped meanwhile.
//
// A refusal is an entry and costs nothing unless it comes from the run itself. store.ErrNotFound
// covers "no such project" and "not yours". Crash states: after the intent, the question stands as
// open and Sweep closes it as failed, its price gone if it was taken; after the run, the same.
func (s *Service) Ask(ctx context.Context, a procedure.Actor, no, sql string, acc guard.Accuracy, dry bool) (Answer, *procedure.Refused, error) {
	q := &asking{person: a.Person, name: a.Name, sql: sql}
	var all []Table
	err := s.o.DB.View(ctx, func(r *store.ReadTx) (err error) {
		if q.project, err = mine(r, a, no); err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		return Answer{}, nil, s.lost(ctx, a, no, err)
	}
	if err := s.rebind(ctx, q); err != nil {
		return Answer{}, nil, err
	}
	err = s.o.DB.View(ctx, func(r *store.ReadTx) (err error) {
		if q.project, err = ByNo(r, no); err != nil {
			return err
		}
		if all, err = Tables(r, no); err != nil {
			return err
		}
		return may(r, q.project, all)
	})
	if err != nil {
		return s.no(ctx, q, err, dry)
	}
	p, err := q.project.readPolicy()
	if err != nil {
		return Answer{}, nil, err
	}
	snap, err := s.snapshot(ctx, q.project, p, all)
	if err != nil {
		return Answer{}, nil, err
	}
	req := guard.Request{SQL: sql, Policy: p, SnapshotPath: snap, Accuracy: acc}
	engine := guard.New(guard.Options{Ledger: ledger{s, q}, Sticky: sticky{s, q}, Random: s.o.Random, Timeout: s.o.Timeout, Unjailed: s.o.Unjailed, Pace: s.o.Pace})
	pl, ref, err := engine.Plan(ctx, req)
	if ref != nil {
		return s.no(ctx, q, refused(ref), dry)
	}
	if err != nil {
		return Answer{}, nil, failed(err)
	}
	if dry {
		return Answer{State: "planned", Columns: pl.Columns, Rho: pl.Rho, Delta: pl.Delta, Aggregates: pl.Aggregates, Threshold: pl.Threshold}, nil, nil
	}
	q.digest = pl.Question
	for _, t := range all {
		if slices.Contains(pl.Tables, t.Name) {
			q.tables = append(q.tables, t)
			ls, err := t.lineages()
			if err != nil {
				return Answer{}, nil, err
			}
			for _, l := range ls {
				if !slices.Contains(q.lineages, l) {
					q.lineages = append(q.lineages, l)
				}
			}
		}
	}
	if len(q.lineages) == 0 {
		return s.no(ctx, q, refused(refuse.New(refuse.NoProtected)), false)
	}
	if err := s.open(ctx, q, pl); err != nil {
		return s.no(ctx, q, err, false)
	}
	ans, ref, err := engine.Run(ctx, req)
	switch {
	case ref != nil:
		return Answer{}, refused(ref), s.close(ctx, q, "refused", refused(ref))
	case err != nil:
		var stopped *procedure.Refused
		if errors.As(err, &stopped) {
			return Answer{}, stopped, s.close(ctx, q, "refused", stopped)
		}
		f := failed(err)
		var fail *ErrFailed
		if !errors.As(f, &fail) {
			return Answer{}, nil, errors.Join(err, s.close(ctx, q, "failed", refused(refuse.New(refuse.Internal))))
		}
		return Answer{}, nil, errors.Join(f, s.close(ctx, q, "failed", refused(fail.Refusal)))
	}
	return s.release(ctx, q, ans)
}

// failed keeps the guard's own words for what went wrong inside.
func failed(err error) error {
	var f *guard.Failure
	if errors.As(err, &f) {
		return &ErrFailed{f.Refusal}
	}
	return err
}

// mine reads a project the actor works in: a member with a desk of its organisation.
func mine(r *store.ReadTx, a procedure.Actor, no string) (Project, error) {
	p, err := ByNo(r, no)
	if err != nil {
		return p, err
	}
	for _, d := range a.Desks {
		if d.Org == p.Org && (d.Role == "developer" || d.Role == "operator") {
			ok, err := Member(r, no, a.Person)
			if err != nil {
				return p, err
			}
			if ok {
				return p, nil
			}
		}
	}
	return Project{}, store.ErrNotFound
}

// lost writes the entry of a project that is not there or not the actor's.
func (s *Service) lost(ctx context.Context, a procedure.Actor, no string, cause error) error {
	if !errors.Is(cause, store.ErrNotFound) {
		return cause
	}
	if len(no) > 64 {
		no = ""
	}
	_, err := s.o.DB.Update(ctx, func(*store.Tx) (audit.Entry, error) {
		return audit.Entry{Type: "sandbox.refused", Actor: a.Person, Object: no, Action: "ask", Clause: "6.3.2", Result: audit.Refused, Code: "sandbox.not_found"}, nil
	})
	return errors.Join(cause, err)
}

// no records a question that is refused before anything was spent. A dry run leaves no trace.
func (s *Service) no(ctx context.Context, q *asking, cause error, dry bool) (Answer, *procedure.Refused, error) {
	var ref *procedure.Refused
	if !errors.As(cause, &ref) {
		return Answer{}, nil, cause
	}
	if dry {
		return Answer{}, ref, nil
	}
	_, err := s.o.DB.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if err := q.insert(w, "refused", ref); err != nil {
			return audit.Entry{}, err
		}
		return audit.Entry{Type: "sandbox.refused", Actor: q.person, Org: q.project.Org, Object: q.project.No, Action: "ask", Clause: ref.Clause.ID,
			Result: audit.Refused, Code: ref.Code, Values: map[string]string{"sql": q.sql}, Detail: map[string]string{"question": q.id}}, nil
	})
	return Answer{}, ref, err
}

// insert gives the question its number and row.
func (q *asking) insert(w *store.Tx, state string, ref *procedure.Refused) error {
	if err := w.Lock("project", "no", q.project.No); err != nil {
		return err
	}
	var err error
	if q.id, err = id.New(w.Rand(), "qn"); err != nil {
		return err
	}
	var last int
	if err := w.Get(&last, `SELECT COALESCE(MAX(n), 0) FROM question WHERE project = $1`, q.project.No); err != nil {
		return err
	}
	q.n = last + 1
	names := []string{}
	for _, t := range q.tables {
		names = append(names, t.Name)
	}
	tables, err := json.Marshal(names)
	if err != nil {
		return err
	}
	code, message, done := "", "", store.Time{}
	if ref != nil {
		code, message, done = ref.Code, ref.Message, store.At(w.Now())
	}
	_, err = w.Exec(`INSERT INTO question (id, project, n, org, person, person_name, at, sql_text, tables, digest, policy_digest, state, rho, delta, debited, repeated,
		intent_seq, release_seq, code, message, done) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,0,0,$13,$14,-1,-1,$15,$16,$17)`,
		q.id, q.project.No, q.n, q.project.Org, q.person, q.name, store.At(w.Now()), storable(q.sql), string(tables), q.digest, q.project.PolicyDigest, state,
		false, false, code, message, done)
	return err
}

// storable makes any text fit for a column: the guard refuses what is not, but keeps the refusal.
func storable(s string) string {
	if len(s) > 16<<10 {
		s = s[:16<<10]
	}
	return clean(s)
}

// open commits the intent; from here on the question has a trace whatever happens.
func (s *Service) open(ctx context.Context, q *asking, pl guard.Plan) error {
	rec, err := s.o.DB.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		p, err := ByNo(&w.ReadTx, q.project.No)
		if err != nil {
			return audit.Entry{}, err
		}
		if err := may(&w.ReadTx, p, q.tables); err != nil {
			return audit.Entry{}, err
		}
		if err := q.insert(w, "intent", nil); err != nil {
			return audit.Entry{}, err
		}
		touched, err := used(&w.ReadTx, p, q.tables, pl.SQL)
		if err != nil {
			return audit.Entry{}, err
		}
		fields, err := fielduse.Question(w, q.id, p.No, q.person, touched)
		if err != nil {
			return audit.Entry{}, err
		}
		return audit.Entry{Type: "sandbox.intent", Actor: q.person, Org: p.Org, Object: p.No, Action: "ask", Clause: "6.3.3",
			Values: map[string]string{"sql": q.sql}, Detail: map[string]string{"question": q.id, "canonical": q.digest, "policy": p.PolicyDigest,
				"rho": num(pl.Rho), "delta": num(pl.Delta), "grant": p.GrantID, "fields": fields}}, nil
	})
	q.intent = rec.Seq
	return err
}

// close ends a question without an answer. A failure of the run counts; after too many the project
// is frozen.
func (s *Service) close(ctx context.Context, q *asking, state string, ref *procedure.Refused) error {
	_, err := s.o.DB.Update(context.WithoutCancel(ctx), func(w *store.Tx) (audit.Entry, error) {
		if err := w.ExecOne(`UPDATE question SET state = $1, code = $2, message = $3, intent_seq = $4, done = $5 WHERE id = $6 AND state = 'intent'`,
			state, ref.Code, ref.Message, q.intent, store.At(w.Now()), q.id); err != nil {
			return audit.Entry{}, err
		}
		if state == "failed" && q.debited {
			if err := s.countFailure(w, q.project.No); err != nil {
				return audit.Entry{}, err
			}
		}
		return audit.Entry{Type: "sandbox." + state, Actor: q.person, Org: q.project.Org, Object: q.project.No, Action: "ask", Clause: ref.Clause.ID,
			Result: audit.Refused, Code: ref.Code, Detail: map[string]string{"question": q.id, "intent": num(q.intent), "rho": num(q.rho), "delta": num(q.delta)}}, nil
	})
	return err
}

func (s *Service) countFailure(w *store.Tx, no string) error {
	n, err := s.numbers(&w.ReadTx)
	if err != nil {
		return err
	}
	if err := w.ExecOne(`UPDATE project SET failures = failures + 1 WHERE no = $1`, no); err != nil {
		return err
	}
	p, err := ByNo(&w.ReadTx, no)
	if err != nil || int64(p.Failures) < n.MaxFailures || p.State != Open {
		return err
	}
	return FreezeProject(w, no, "连续失败的提问达到上限，须由数据管理部门核查后解冻", "", "system", "")
}

func (s *Service) numbers(r *store.ReadTx) (Numbers, error) {
	params, err := s.o.Params(r)
	if err != nil {
		return Numbers{}, err
	}
	today := calendar.DateOf(r.Now()).String()
	return NumbersFrom(func(key string) (plan.Value, error) { return params.At(key, today) })
}

// release commits the answer with its entry and hands it out; permission is asked once more, so
// that a stop during the run keeps the answer in.
func (s *Service) release(ctx context.Context, q *asking, g guard.Answer) (Answer, *procedure.Refused, error) {
	st := Stored{Outcome: g.Outcome, Columns: g.Columns, Rows: g.Rows, HalfWidths: g.HalfWidths, Suppressed: g.Suppressed, Truncated: g.Truncated,
		Question: g.Question, Policy: g.Policy, Snapshot: g.Snapshot}
	var out Answer
	var stop *procedure.Refused
	rec, err := s.o.DB.Update(context.WithoutCancel(ctx), func(w *store.Tx) (audit.Entry, error) {
		if err := w.Lock("project", "no", q.project.No); err != nil {
			return audit.Entry{}, err
		}
		p, err := ByNo(&w.ReadTx, q.project.No)
		if err != nil {
			return audit.Entry{}, err
		}
		if err := may(&w.ReadTx, p, q.tables); errors.As(err, &stop) {
			return audit.Entry{}, stop
		} else if err != nil {
			return audit.Entry{}, err
		}
		if err := first(&w.ReadTx, &st); err != nil {
			return audit.Entry{}, err
		}
		b, err := json.Marshal(st)
		if err != nil {
			return audit.Entry{}, err
		}
		digest := canon.Digest(b)
		if err := w.ExecOne(`UPDATE question SET state = $1, answer = $2, answer_digest = $3, intent_seq = $4, done = $5 WHERE id = $6 AND state = 'intent'`,
			st.Outcome, string(b), digest, q.intent, store.At(w.Now()), q.id); err != nil {
			return audit.Entry{}, err
		}
		out = Answer{ID: q.id, N: q.n, State: st.Outcome, Columns: st.Columns, Rows: st.Rows, HalfWidths: st.HalfWidths, Withheld: st.Suppressed,
			Truncated: st.Truncated, Rho: q.rho, Delta: q.delta, Repeated: q.repeated, Digest: digest, Intent: q.intent}
		return audit.Entry{Type: "sandbox.release", Actor: q.person, Org: p.Org, Object: p.No, Action: "answer", Clause: "6.3.3",
			Detail: map[string]string{"intent": num(q.intent), "question": q.id, "answer": digest, "rows": fmt.Sprint(len(st.Rows)),
				"rho": num(q.rho), "delta": num(q.delta)}}, nil
	})
	if stop != nil {
		return Answer{}, stop, s.close(ctx, q, "refused", stop)
	}
	if err != nil {
		return Answer{}, nil, err
	}
	out.Release = rec.Seq
	return out, nil, nil
}

// first replaces an answer by the one that was stored before it, so that two runs that raced give
// out one noise only.
func first(r *store.ReadTx, st *Stored) error {
	var b []byte
	err := r.Get(&b, `SELECT answer FROM sticky_answer WHERE digest = $1`, st.Question)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	columns := st.Columns
	if err := json.Unmarshal(b, st); err != nil {
		return fmt.Errorf("read the stored answer: %w", err)
	}
	st.Columns = columns
	return nil
}

// Sweep closes questions whose process died between intent and release: they stay debited and are
// never delivered. older is how long a question may run. It returns how many it closed.
func (s *Service) Sweep(ctx context.Context, older time.Duration) (int, error) {
	var open []struct {
		ID, Project, Person, Org string
		IntentSeq, Rho, Delta    int64
		Debited                  bool
	}
	err := s.o.DB.View(ctx, func(r *store.ReadTx) error {
		return r.Select(&open, `SELECT id, project, person, org, intent_seq, rho, delta, debited FROM question WHERE state = 'intent' AND at < $1 ORDER BY at LIMIT 100`,
			store.At(r.Now().Add(-older)))
	})
	if err != nil {
		return 0, err
	}
	for i, o := range open {
		q := &asking{id: o.ID, person: o.Person, project: Project{No: o.Project, Org: o.Org}, intent: o.IntentSeq, rho: o.Rho, delta: o.Delta, debited: o.Debited}
		if err := s.close(ctx, q, "failed", refused(refuse.New(refuse.Internal))); err != nil && !errors.Is(err, store.ErrConflict) {
			return i, err
		}
	}
	return len(open), nil
}

// clean keeps the text readable and storable: no NUL, valid UTF-8.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == 0 {
			return '�'
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
}
