package procedure_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/plan"
)

type picks struct {
	Org  string `json:"org"`
	Rows []struct {
		Orgs []string `json:"orgs"`
	} `json:"rows"`
}

// TestNamesStandForKeys: on the board and on the case page, what was picked from a list is read by
// its name, in tables too; a key nobody knows stands for itself.
func TestNamesStandForKeys(t *testing.T) {
	c := plan.C("6.3.2")
	p := &procedure.Procedure{ID: "pick", Prefix: "XZ", Title: "选取", Plan: c, Start: "draft",
		Form: procedure.FormOf[picks](
			procedure.Field{Name: "org", Label: "单位", Kind: procedure.Ref, Source: "orgs", Plan: c},
			procedure.Field{Name: "rows", Label: "明细", Kind: procedure.Table, Plan: c, Rows: []procedure.Field{
				{Name: "orgs", Label: "单位", Kind: procedure.Refs, Source: "orgs", Plan: c}}}),
		States: procedure.Phases{{ID: "draft", Label: "草稿", Owes: asker}, {ID: "open", Label: "公开", Final: true}},
		Steps: []procedure.Step{{Do: "publish", Label: "公开", By: asker, From: procedure.S("draft"), To: "open", Plan: c,
			Input: []procedure.Field{{Name: "by", Label: "公开单位", Kind: procedure.Ref, Source: "orgs", Plan: c}}}},
		Notices: []procedure.Notice{{Kind: "公开", In: procedure.S("open"), Fields: []string{"org", "rows"}, Plan: c}},
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		params, err := plan.City("140600")
		if err != nil {
			t.Fatal(err)
		}
		e, err := procedure.New(db, procedure.Options{City: "140600", Parameters: params, Calendar: calendar.Shipped(),
			Names: func(_ *store.ReadTx, _ *procedure.Case, list, key string) (string, error) {
				return map[string]string{"orgs/a": "甲单位", "orgs/b": "乙单位"}[list+"/"+key], nil
			}}, p)
		if err != nil {
			t.Fatal(err)
		}
		res, err := e.Start(ctx, dev, procedure.Begin{Procedure: "pick", Form: json.RawMessage(`{"org":"a","rows":[{"orgs":["b","a"]},{"orgs":["x"]}]}`)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Do(ctx, dev, res.No, "publish", procedure.Act{Revision: 1, Input: json.RawMessage(`{"by":"b"}`)}); err != nil {
			t.Fatal(err)
		}
		var posted procedure.Posted
		if err := db.View(ctx, func(r *store.ReadTx) (err error) { posted, err = e.Posting(r, res.No); return err }); err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(posted.Items[0].Value, posted.Tables[0].Rows)
		if want := "甲单位[map[orgs:乙单位；甲单位] map[orgs:x]]"; got != want {
			t.Errorf("the board shows %s, want %s", got, want)
		}
		v, err := e.View(ctx, dev, res.No)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(v.Fields[0].Named, v.Fields[1].Rows[0].Named, v.Events[1].Asked[0].Named); got != "[{a 甲单位}] [{b 乙单位} {a 甲单位}] [{b 乙单位}]" {
			t.Errorf("the page names %s", got)
		}
		if len(p.Form.Fields[0].Named)+len(p.Form.Fields[1].Rows[0].Named) != 0 {
			t.Error("the declaration itself was written on")
		}
	})
}
