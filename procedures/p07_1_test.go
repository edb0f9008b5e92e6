package procedures_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pado/core/calendar"
	"pado/core/docs"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/domain/party"
	"pado/domain/supply"
	"pado/plan"
	"pado/procedures"
)

func supplyProcedures() []*procedure.Procedure {
	return []*procedure.Procedure{procedures.P07Supply(), procedures.P07Collection(), procedures.P07Alarm(), procedures.P11Correction(), procedures.P06National()}
}

func TestMatrixOfSupply(t *testing.T) { matrix(t, supplyProcedures()...) }

// eachSupply is a basis that knows the procedures of supply, with an item authorised to the operator.
func eachSupply(t *testing.T, f func(t *testing.T, b *basis, item string)) {
	eachBasis(t, func(t *testing.T, b *basis) {
		params, err := plan.City("140600")
		b.must(err)
		b.Engine, err = procedure.New(b.db, procedure.Options{City: "140600", Parameters: params, Calendar: calendar.Shipped(), Scope: party.Scope, Notify: party.Notify, Supervises: party.Supervisors},
			append(append(subjects(), basisProcedures()...), supplyProcedures()...)...)
		b.must(err)
		b.mandate()
		b.scheme()
		item := b.published(catalogueForm(nil))
		b.backfilled(map[string]any{"item": item})
		f(t, b, item)
	})
}

func asJSON(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

// connected hooks an item up with a cycle and returns the case.
func (b *basis) connected(item, cycle string) string {
	b.t.Helper()
	form := hookupForm(item)
	form["cycle"] = cycle
	no := b.begin(b.op, "p06_2b_hookup", form)
	b.step(b.op, no, "submit", procedure.Act{})
	b.step(b.at.Lead, no, "coordinate", say("同意"))
	form["pipeline"], form["rowsBound"] = people, 1
	b.step(b.op, no, "connect", procedure.Act{Form: asJSON(form)})
	return no
}

// delivered hands a file of so many rows in, governs it and accepts it.
func (b *basis) delivered(no string, rows int) {
	b.t.Helper()
	b.handIn(no, table(rows, b.n))
	b.step(b.op, no, "accept", procedure.Act{})
}

func (b *basis) handIn(no, text string) {
	b.t.Helper()
	b.step(b.src1, no, "deliver", deliver(b.upload(b.src1, text)))
	b.govern()
}

// table is a file of people; seed makes it another one.
func table(rows, seed int) string {
	var s strings.Builder
	s.WriteString("编号,年龄,性别\n")
	for i := range rows {
		fmt.Fprintf(&s, "%d-%d,%d,男\n", seed, i, 20+(i+seed)%50)
	}
	return s.String()
}

// watch lets the clock look until there is nothing new.
func (b *basis) watch() {
	b.t.Helper()
	for range 10 {
		n, err := procedures.WatchSupply(ctx, b.Engine)
		b.must(err)
		if n == 0 {
			return
		}
	}
	b.t.Fatal("the clock finds something new for ever")
}

func (b *basis) to(y int, m time.Month, d, hour int) {
	b.clock.At = time.Date(y, m, d, hour, 0, 0, 0, calendar.Shanghai)
}

func (b *basis) get(dst any, q string, args ...any) {
	b.t.Helper()
	b.must(b.db.View(ctx, func(r *store.ReadTx) error { return r.Get(dst, q, args...) }))
}

// list reads a register as a person.
func (b *basis) list(id, person string) []register.Row {
	b.t.Helper()
	for _, g := range procedures.Registers() {
		if g.ID != id {
			continue
		}
		b.must(g.Check())
		var p register.Page
		b.must(b.db.View(ctx, func(r *store.ReadTx) (err error) {
			p, err = g.List(r, b.actor(person), register.Query{Size: 100})
			return err
		}))
		return p.Rows
	}
	b.t.Fatalf("no register %s", id)
	return nil
}

// page opens a record as a person and returns its sections by title.
func (b *basis) page(id, person, key string) map[string]procedure.Section {
	b.t.Helper()
	out := map[string]procedure.Section{}
	for _, g := range procedures.Registers() {
		if g.ID != id {
			continue
		}
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			it, err := g.Item(r, b.actor(person), key)
			if err == nil {
				for _, s := range it.Sections {
					out[s.Title] = s
				}
			}
			return err
		}))
	}
	return out
}

// stranger is a person of another source.
func (b *basis) stranger() string {
	b.write(`INSERT INTO org (id, name, uscc, division, kind, legal_person, doc_prefix, status, created) VALUES ('org-x','气象局',$1,'140600','organ',$2,'','active',0)`, b.uscc(), true)
	b.write(`INSERT INTO org_role (org, role, division, since) VALUES ('org-x','source','140600',0)`)
	other := b.person("qixiang", "气象甲")
	b.write(`INSERT INTO membership (person, org, role, ranks, lead, since, until) VALUES ($1,'org-x','source','[]',$2,'2026-01-01','')`, other, true)
	return other
}

func requestForm(item string) map[string]any {
	return map[string]any{"listed": "yes", "item": item, "contents": "年龄、性别，全市", "purpose": "公共治理", "cycle": "month", "wanted": "2026-08-01"}
}

func TestARequestIsCheckedAnsweredAndSupplied(t *testing.T) {
	eachSupply(t, func(t *testing.T, b *basis, item string) {
		no := b.begin(b.op, "p07_1_supply", requestForm(item))
		b.step(b.op, no, "submit", procedure.Act{})
		again := b.begin(b.op, "p07_1_supply", requestForm(item))
		b.no(b.op, again, "submit", procedure.Act{}, "supply.twice")
		b.no(b.at.Lead, no, "forward_held", procedure.Act{}, "supply.not_held")
		b.step(b.at.Lead, no, "forward_new", procedure.Act{})
		var q supply.Request
		b.must(b.db.View(ctx, func(r *store.ReadTx) (err error) { q, err = supply.RequestOf(r, no); return err }))
		days, err := calendar.Shipped().Between(calendar.DateOf(b.clock.At), calendar.Due{At: q.AnswerDue.Time}.Last())
		if err != nil || days != 10 || q.Held != "no" {
			t.Errorf("%d working days to answer what is not held, %+v %v", days, q, err)
		}
		soon := calendar.DateOf(b.clock.At).AddDays(5).String()
		b.no(b.src1, no, "agree_new", procedure.Act{Input: asJSON(map[string]any{"first": "2026-01-01", "mode": "file"})}, "supply.first")
		b.step(b.src1, no, "agree_new", procedure.Act{Input: asJSON(map[string]any{"first": soon, "mode": "file"})})
		b.no(b.src1, no, "deliver", procedure.Act{}, "supply.not_delivered")
		hookup := b.connected(item, "month")
		b.delivered(hookup, 3)
		b.step(b.src1, no, "deliver", procedure.Act{})
		b.step(b.op, no, "deny", say("缺少字段"))
		b.step(b.src1, no, "deliver", procedure.Act{})
		b.step(b.op, no, "confirm", procedure.Act{})
		d, err := b.Paper(ctx, b.actor(b.op), no, "answer")
		b.must(err)
		if text := docs.Text(d); !strings.Contains(text, "同意供给") || !strings.Contains(text, "朔州市统计局") {
			t.Error(text)
		}
		// What runs is not asked for again.
		b.no(b.op, again, "submit", procedure.Act{}, "supply.running")
		if rows := b.list("supply_requests", b.src2); len(rows) != 1 || rows[0].Cells["answer"] != "同意" || rows[0].Cells["state"] != "已供给" {
			t.Errorf("%+v", rows)
		}
		if rows := b.list("supply_requests", b.stranger()); len(rows) != 0 {
			t.Errorf("another source sees %+v", rows)
		}
	})
}

func TestARefusalNeedsReasonsAndCanBeDisputed(t *testing.T) {
	eachSupply(t, func(t *testing.T, b *basis, item string) {
		form := map[string]any{"listed": "no", "source": b.srcOrg, "title": "商业网点名录", "contents": "名称、地址", "purpose": "产业发展", "cycle": "month", "wanted": "2026-08-01"}
		no := b.begin(b.op, "p07_1_supply", form)
		b.step(b.op, no, "submit", procedure.Act{})
		b.step(b.at.Lead, no, "forward_new", procedure.Act{})
		b.no(b.src1, no, "agree_new", procedure.Act{Input: asJSON(map[string]any{"first": "2026-12-01", "mode": "file"})}, "supply.named")
		ground := asJSON(map[string]any{"ground": "duty"})
		var inv *procedure.Invalid
		if err := b.do(b.src1, no, "refuse", procedure.Act{Input: ground}); !errors.As(err, &inv) {
			t.Fatalf("a refusal without reasons: %v", err)
		}
		b.step(b.src1, no, "refuse", procedure.Act{Input: ground, Opinion: "本单位不掌握"})
		b.step(b.op, no, "dispute", say("三定规定写明由该局负责"))
		b.step(b.at.Lead, no, "order", say("请统计局编目供给"))
		paper, err := b.Paper(ctx, b.actor(b.op), no, "answer")
		b.must(err)
		if text := docs.Text(paper); strings.Contains(text, "经研究，上述数据不予供给") || !strings.Contains(text, "予以供给") {
			t.Error("the answer does not say what was decided:", text)
		}
		b.no(b.src1, no, "deliver", procedure.Act{}, "supply.named")
		b.no(b.src1, no, "deliver", procedure.Act{Input: asJSON(map[string]any{"item": item})}, "supply.not_delivered")

		// Who does not answer in time is taken to the authority by the clock; who says nothing to a refusal took it.
		late := b.begin(b.op, "p07_1_supply", requestForm(item))
		b.step(b.op, late, "submit", procedure.Act{})
		b.step(b.at.Lead, late, "forward_new", procedure.Act{})
		b.clock.At = b.clock.At.AddDate(0, 0, 25)
		if _, err := b.Tick(ctx); err != nil || b.state(late) != "coordination" {
			t.Fatalf("%v %s", err, b.state(late))
		}
		b.step(b.at.Lead, late, "uphold", say("依法不予供给"))
		silent := b.begin(b.op, "p07_1_supply", requestForm(item))
		b.step(b.op, silent, "submit", procedure.Act{})
		b.step(b.at.Lead, silent, "forward_new", procedure.Act{})
		b.step(b.src1, silent, "refuse", procedure.Act{Input: ground, Opinion: "不予"})
		b.clock.At = b.clock.At.AddDate(0, 0, 15)
		if _, err := b.Tick(ctx); err != nil || b.state(silent) != "refused" {
			t.Fatalf("%v %s", err, b.state(silent))
		}
		// Taken back before anybody acted, the request no longer stands in the way of another.
		back := b.begin(b.op, "p07_1_supply", requestForm(item))
		b.step(b.op, back, "submit", procedure.Act{})
		b.step(b.op, back, "withdraw", procedure.Act{})
		next := b.begin(b.op, "p07_1_supply", requestForm(item))
		b.step(b.op, next, "submit", procedure.Act{})
		b.step(b.at.Lead, next, "return", say("请写明字段"))
		b.step(b.op, next, "submit", procedure.Act{})
		var states []string
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			return r.Select(&states, `SELECT state FROM supply_request ORDER BY case_no`)
		}))
		if fmt.Sprint(states) != "[open refused refused withdrawn open]" {
			t.Error(states)
		}
	})
}
