package procedures_test

import (
	"testing"

	"pado/core/procedure"
	"pado/core/store"
	"pado/procedures"
)

// What cannot be started is not offered, with the reason the start itself would give.
func TestOpeningsAskTheRulesOfTheStart(t *testing.T) {
	c := openCity(t, store.SQLite)
	zhang := c.person("zhangsan", "张三")
	c.establish(zhang, "朔州大数据公司", "operator", "company", "140600")
	for who, want := range map[string]bool{zhang: false, c.at.Lead: true} {
		open := func(id string) (o procedure.Opening) {
			c.must(c.db.View(ctx, func(r *store.ReadTx) (err error) { o, err = c.Opening(r, c.actor(who), id); return err }))
			return o
		}
		o := open("p04_admin")
		if (len(o.Desks) > 0) != want || (o.Why == "") != want {
			t.Errorf("%s: %+v", who, o)
		}
		if open("p03_parameter").Why != map[bool]string{true: "", false: "由“数据管理部门”发起"}[want] {
			t.Errorf("%+v", open("p03_parameter"))
		}
	}
}

// A draft that points to what is not its author's shows no name: nobody has looked at it yet.
func TestADraftNamesNothingOfOthers(t *testing.T) {
	eachCity(t, func(t *testing.T, c *city) {
		no := c.waiting(c.person("wangwu", "王五"))
		c.must(c.db.View(ctx, func(r *store.ReadTx) error {
			draft := &procedure.Case{Procedure: "p09_suggestion", State: "draft", Org: "org-x"}
			name, err := procedures.NameOf(r, draft, "list_rounds", no)
			if name != "" {
				t.Errorf("%q", name)
			}
			return err
		}))
	})
}

// What was returned is its author's to drop, though its submission had an effect that stays.
func TestAReturnedCaseCanBeVoided(t *testing.T) {
	eachCity(t, func(t *testing.T, c *city) {
		user := c.person("wangwu", "王五")
		no := c.waiting(user)
		c.must(c.do(c.at.Lead, no, "return", procedure.Act{Opinion: "请补证照"}))
		c.must(c.do(user, no, "void", procedure.Act{Opinion: "不再申请"}))
		if c.state(no) != procedure.StateVoid {
			t.Error(c.state(no))
		}
	})
}
