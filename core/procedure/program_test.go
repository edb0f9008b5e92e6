package procedure_test

import (
	"testing"

	"pado/core/audit"
	"pado/core/procedure"
	"pado/core/store"
)

func TestAProgramIsNoSecondPerson(t *testing.T) {
	machine := func(d procedure.Desk) procedure.Actor {
		return procedure.Actor{Person: "p-prog-" + d.Org, Name: "接口", Program: true, Desks: []procedure.Desk{d}}
	}
	each(t, func(t *testing.T, w *world) {
		devProg, opProg := machine(desk("dv", asker)), machine(desk("op", judge, procedure.Reviewer))
		for _, p := range []procedure.Actor{dev, devProg, oper, opProg} {
			w.staff(p.Person, p.Desks[0].Org, p.Desks[0].Role)
		}
		no := w.start("用电")
		offered := func(a procedure.Actor, act, code string) {
			t.Helper()
			v, err := w.View(ctx, a, no)
			w.must(err)
			for _, o := range v.Offers {
				if o.Action != act {
					continue
				}
				if got := o.Refusal; (got == nil) != (code == "") || got != nil && (got.Code != code || got.Clause.ID == "") {
					t.Errorf("%s is offered %s with %+v, want %q", a.Person, act, got, code)
				}
				return
			}
			t.Errorf("%s is not offered %s", a.Person, act)
		}
		w.must(w.do(dev, no, "assign", procedure.Act{Opinion: "交程序", Input: []byte(`{"person":"p-prog-dv"}`)}))
		offered(devProg, "submit", "case.program")
		w.refused(w.do(devProg, no, "submit", procedure.Act{}), "case.program")
		w.must(w.do(dev, no, "assign", procedure.Act{Opinion: "交回", Input: []byte(`{"person":"p-dev"}`)}))
		w.must(w.do(dev, no, "submit", procedure.Act{}))
		offered(opProg, "grant", "case.program")
		w.refused(w.do(opProg, no, "grant", procedure.Act{}), "case.program")
		offered(opProg, "void", "case.program")
		w.refused(w.do(opProg, no, "void", procedure.Act{Opinion: "作废"}), "case.program")
		offered(opProg, "return", "")
		if trial, err := w.Preview(ctx, opProg, no, "grant", procedure.Act{Revision: 4}); err != nil || trial.Err == nil {
			t.Errorf("dry run: %v %+v", err, trial)
		}
		_, err := w.db.Update(ctx, func(x *store.Tx) (audit.Entry, error) {
			_, err := x.Exec(`INSERT INTO chain_config (org, procedure, action, stages) VALUES ('op','wish','*','["draft","review"]')`)
			return audit.Entry{Type: "test.write", Actor: "test", Action: "chain"}, err
		})
		w.must(err)
		offered(opProg, "return", "case.program")
		w.refused(w.do(opProg, no, "return", procedure.Act{Opinion: "请补"}), "case.program")
		w.must(w.do(oper, no, "return", procedure.Act{Opinion: "请补"}))
		offered(opProg, "chain_approve", "case.program")
		w.refused(w.do(opProg, no, "chain_approve", procedure.Act{}), "case.program")
		w.refused(w.do(opProg, no, "chain_back", procedure.Act{Opinion: "不行"}), "case.program")
		_, err = w.db.Update(ctx, func(x *store.Tx) (audit.Entry, error) {
			_, err := x.Exec(`DELETE FROM chain_config`)
			if err == nil {
				_, err = x.Exec(`DELETE FROM case_chain`)
			}
			return audit.Entry{Type: "test.write", Actor: "test", Action: "chain"}, err
		})
		w.must(err)
		w.must(w.do(opProg, no, "return", procedure.Act{Opinion: "请补"}))
		w.must(w.do(opProg, no, "comment", procedure.Act{Opinion: "已退回"}))
	})
}
