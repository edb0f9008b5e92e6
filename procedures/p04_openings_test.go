package procedures_test

import (
	"testing"

	"pado/core/procedure"
	"pado/core/store"
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
