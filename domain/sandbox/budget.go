package sandbox

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/sandbox/guard"
	"pado/domain/sandbox/guard/refuse"
	"pado/domain/sandbox/guard/release"
	"pado/plan"
)

// Lineage is the privacy budget of a root of data and a unit domain (数据谱系). It is never reset by
// a new version, dataset or policy. ρ counts 10⁻⁹, δ counts 10⁻¹⁵.
type Lineage struct {
	ID, Root, UnitDomain                                         string
	Rho, Delta, RhoAllotted, DeltaAllotted, RhoSpent, DeltaSpent int64
}

const lineageColumns = `id, root, unit_domain, rho, delta, rho_allotted, delta_allotted, rho_spent, delta_spent`

// Slice is what the Authority allotted of a lineage to a project.
type Slice struct {
	Project, Lineage                 string
	Rho, Delta, RhoSpent, DeltaSpent int64
}

const sliceColumns = `project, lineage, rho, delta, rho_spent, delta_spent`

// Slices of a project.
func Slices(r *store.ReadTx, project string) (out []Slice, err error) {
	return out, r.Select(&out, `SELECT `+sliceColumns+` FROM budget_slice WHERE project = $1 ORDER BY lineage`, project)
}

// LineageByID reads a lineage's budget.
func LineageByID(r *store.ReadTx, id string) (l Lineage, err error) {
	return l, r.Get(&l, `SELECT `+lineageColumns+` FROM budget_lineage WHERE id = $1`, id)
}

// allot gives a project its opening slice of a lineage: what is wanted, or what is left to allot.
// A project that has a slice keeps it.
func allot(w *store.Tx, p Project, lineage string, n Numbers) error {
	root, domain, _ := strings.Cut(lineage, "/")
	opened, err := w.Exec(`INSERT INTO budget_lineage (`+lineageColumns+`) VALUES ($1,$2,$3,$4,$5,0,0,0,0) ON CONFLICT (id) DO NOTHING`,
		lineage, root, domain, n.RhoTotal, n.DeltaTotal)
	if err != nil {
		return err
	}
	if opened == 1 {
		w.Record(audit.Entry{Type: "sandbox.lineage", Actor: "system", Object: lineage, Action: "open", Clause: "6.3.3",
			Detail: map[string]string{"lineage": lineage, "rho": num(n.RhoTotal), "delta": num(n.DeltaTotal)}})
	}
	if err := w.Lock("budget_lineage", "id", lineage); err != nil {
		return err
	}
	if has, err := w.Exists(`SELECT 1 FROM budget_slice WHERE project = $1 AND lineage = $2`, p.No, lineage); has || err != nil {
		return err
	}
	l, err := LineageByID(&w.ReadTx, lineage)
	if err != nil {
		return err
	}
	rho, delta := min(n.RhoProject, l.Rho-l.RhoAllotted), min(n.DeltaProject, l.Delta-l.DeltaAllotted)
	if err := w.ExecOne(`UPDATE budget_lineage SET rho_allotted = rho_allotted + $1, delta_allotted = delta_allotted + $2 WHERE id = $3`, rho, delta, lineage); err != nil {
		return err
	}
	if _, err := w.Exec(`INSERT INTO budget_slice (`+sliceColumns+`) VALUES ($1,$2,$3,$4,0,0)`, p.No, lineage, rho, delta); err != nil {
		return err
	}
	if _, err := w.Exec(`INSERT INTO budget_developer (org, lineage, rho, rho_spent) VALUES ($1,$2,$3,0) ON CONFLICT (org, lineage) DO NOTHING`,
		p.Org, lineage, n.RhoDeveloper); err != nil {
		return err
	}
	w.Record(audit.Entry{Type: "sandbox.allot", Actor: "system", Object: p.No, Action: "allot", Clause: "6.3.3",
		Detail: map[string]string{"lineage": lineage, "rho": num(rho), "delta": num(delta)}})
	return nil
}

// Reallot sets a project's slice of a lineage (clause 6.3.3): never below what it has spent, and all
// slices together never above the lineage. The constraints decide between racing transactions.
func Reallot(w *store.Tx, project, lineage string, rho, delta int64, person, caseNo string) error {
	if err := w.Lock("budget_lineage", "id", lineage); err != nil {
		return err
	}
	l, err := LineageByID(&w.ReadTx, lineage)
	if err != nil {
		return err
	}
	var s Slice
	if err := w.Get(&s, `SELECT `+sliceColumns+` FROM budget_slice WHERE project = $1 AND lineage = $2`, project, lineage); err != nil {
		return err
	}
	switch {
	case rho < s.RhoSpent || delta < s.DeltaSpent:
		return procedure.Refuse("budget.below_spent", plan.C("6.3.3"), "额度不得低于已经使用的部分（ρ 已用 %d，δ 已用 %d）", s.RhoSpent, s.DeltaSpent)
	case l.RhoAllotted-s.Rho+rho > l.Rho || l.DeltaAllotted-s.Delta+delta > l.Delta:
		return procedure.Refuse("budget.over_total", plan.C("6.3.3"), "各项目额度之和不得超过该数据谱系的总量（ρ 尚可分配 %d，δ 尚可分配 %d）",
			l.Rho-l.RhoAllotted+s.Rho, l.Delta-l.DeltaAllotted+s.Delta)
	}
	if err := w.ExecOne(`UPDATE budget_lineage SET rho_allotted = rho_allotted + $1, delta_allotted = delta_allotted + $2 WHERE id = $3`,
		rho-s.Rho, delta-s.Delta, lineage); err != nil {
		return err
	}
	if err := w.ExecOne(`UPDATE budget_slice SET rho = $1, delta = $2 WHERE project = $3 AND lineage = $4`, rho, delta, project, lineage); err != nil {
		return err
	}
	w.Record(audit.Entry{Type: "sandbox.allot", Actor: person, Object: project, Action: "reallot", Clause: "6.3.3",
		Detail: map[string]string{"lineage": lineage, "rho": num(rho), "delta": num(delta), "case": orNone(caseNo)}})
	return nil
}

// SetDayCap sets how much ρ a project may spend in a day, from the next day that has no debit yet
// and for the running day as far as it is not spent.
func SetDayCap(w *store.Tx, project string, rho int64) error {
	if err := w.ExecOne(`UPDATE project SET rho_day = $1 WHERE no = $2`, rho, project); err != nil {
		return err
	}
	_, err := w.Exec(`UPDATE budget_day SET rho = $1 WHERE project = $2 AND day = $3 AND rho_spent <= $1`, rho, project, calendar.DateOf(w.Now()).String())
	return err
}

// charge takes the price of a question from every level, or nothing: the day, the developer, the
// slice, and, unless the stored answer is given again, the lineage. Whoever comes second waits at
// the lineage's row. What cannot be paid is a *refuse.Refusal.
func charge(w *store.Tx, p Project, question string, lineages []string, rho, delta int64, repeated bool) error {
	day := calendar.DateOf(w.Now()).String()
	if _, err := w.Exec(`INSERT INTO budget_day (project, day, rho, rho_spent) VALUES ($1,$2,$3,0) ON CONFLICT (project, day) DO NOTHING`, p.No, day, p.RhoDay); err != nil {
		return err
	}
	sort.Strings(lineages)
	take := func(level, table, where string, withDelta bool, args ...any) error {
		set, ok := "rho_spent = rho_spent + $1", "rho_spent + $1 <= rho"
		all := []any{rho}
		if withDelta {
			set, ok = set+", delta_spent = delta_spent + $2", ok+" AND delta_spent + $2 <= delta"
			all = append(all, delta)
		}
		for _, a := range args {
			all = append(all, a)
			where = strings.Replace(where, "?", fmt.Sprintf("$%d", len(all)), 1)
		}
		n, err := w.Exec(`UPDATE `+table+` SET `+set+` WHERE `+where+` AND `+ok, all...)
		if err == nil && n != 1 {
			err = refuse.Newf(refuse.Budget, "本次需要 ρ %d、δ %d，%s不足", rho, delta, level)
		}
		return err
	}
	for _, l := range lineages {
		if err := w.Lock("budget_lineage", "id", l); err != nil {
			return err
		}
		if !repeated {
			if err := take("该数据谱系的剩余预算", "budget_lineage", "id = ?", true, l); err != nil {
				return err
			}
		}
		if err := take("项目额度", "budget_slice", "project = ? AND lineage = ?", true, p.No, l); err != nil {
			return err
		}
		if err := take("本单位在该数据谱系上的额度", "budget_developer", "org = ? AND lineage = ?", false, p.Org, l); err != nil {
			return err
		}
		if _, err := w.Exec(`INSERT INTO budget_debit (question, lineage, project, org, rho, delta, repeated, at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)`,
			question, l, p.No, p.Org, rho, delta, repeated, store.At(w.Now())); err != nil {
			return err
		}
	}
	return take("项目当日限额", "budget_day", "project = ? AND day = ?", false, p.No, day)
}

// ledger charges one question; it is the guard's Ledger for it.
type ledger struct {
	s *Service
	q *asking
}

// Debit implements guard.Ledger.
func (l ledger) Debit(ctx context.Context, lines []guard.Line) error {
	return l.debit(ctx, lines, false)
}

// DebitRepeat implements guard.RepeatLedger: a project that has paid for the same question before
// does not pay again.
func (l ledger) DebitRepeat(ctx context.Context, lines []guard.Line) error {
	return l.debit(ctx, lines, true)
}

func (l ledger) debit(ctx context.Context, lines []guard.Line, repeated bool) error {
	rho, delta := release.Total(lines)
	_, err := l.s.o.DB.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if err := w.Lock("project", "no", l.q.project.No); err != nil {
			return audit.Entry{}, err
		}
		p, err := ByNo(&w.ReadTx, l.q.project.No)
		if err != nil {
			return audit.Entry{}, err
		}
		if err := may(&w.ReadTx, p, l.q.tables); err != nil {
			return audit.Entry{}, err
		}
		if repeated {
			paid, err := w.Exists(`SELECT 1 FROM question q JOIN budget_debit d ON d.question = q.id WHERE q.project = $1 AND q.digest = $2 AND q.id <> $3`,
				p.No, l.q.digest, l.q.id)
			if err != nil {
				return audit.Entry{}, err
			}
			if paid {
				rho, delta = 0, 0
			}
		}
		if rho > 0 || delta > 0 {
			if err := charge(w, p, l.q.id, l.q.lineages, rho, delta, repeated); err != nil {
				return audit.Entry{}, err
			}
		}
		l.q.rho, l.q.delta, l.q.debited, l.q.repeated = rho, delta, true, repeated
		if err := w.ExecOne(`UPDATE question SET rho = $1, delta = $2, debited = $3, repeated = $4, intent_seq = $5 WHERE id = $6 AND state = 'intent'`,
			rho, delta, true, repeated, l.q.intent, l.q.id); err != nil {
			return audit.Entry{}, err
		}
		return audit.Entry{Type: "sandbox.debit", Actor: l.q.person, Org: p.Org, Object: p.No, Action: "debit", Clause: "6.3.3",
			Detail: map[string]string{"question": l.q.id, "rho": num(rho), "delta": num(delta), "repeated": fmt.Sprint(repeated),
				"lineages": strings.Join(l.q.lineages, ",")}}, nil
	})
	var ref *refuse.Refusal
	if errors.As(err, &ref) {
		return ref
	}
	return err
}

// sticky keeps the first answer to a canonical question.
type sticky struct {
	s *Service
	q *asking
}

// Get implements guard.Sticky.
func (k sticky) Get(ctx context.Context, key string) (b []byte, ok bool, err error) {
	err = k.s.o.DB.View(ctx, func(r *store.ReadTx) error {
		return r.Get(&b, `SELECT answer FROM sticky_answer WHERE digest = $1`, key)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, false, nil
	}
	return b, err == nil, err
}

// Put implements guard.Sticky; the first answer stays.
func (k sticky) Put(ctx context.Context, key string, answer []byte) error {
	_, err := k.s.o.DB.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if _, err := w.Exec(`INSERT INTO sticky_answer (digest, answer, question, at) VALUES ($1,$2,$3,$4) ON CONFLICT (digest) DO NOTHING`,
			key, answer, k.q.id, store.At(w.Now())); err != nil {
			return audit.Entry{}, err
		}
		return audit.Entry{Type: "sandbox.keep", Actor: "system", Object: k.q.project.No, Action: "keep", Clause: "6.3.3",
			Detail: map[string]string{"question": k.q.id, "canonical": key}}, nil
	})
	return err
}
