package procedures_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pado/core/docs"
	"pado/core/procedure"
	"pado/core/store"
)

func correctionForm(dataset string, change func(map[string]any)) map[string]any {
	f := map[string]any{"dataset": dataset, "field": "age", "dimension": "accurate", "severity": "major", "title": "年龄超出范围", "problem": "年龄大于120的有3行，占0.3%", "rows": 3, "wanted": "核对后重报"}
	if change != nil {
		change(f)
	}
	return f
}

func TestATicketIsAnsweredByANewDelivery(t *testing.T) {
	eachSupply(t, func(t *testing.T, b *basis, item string) {
		hookup := b.connected(item, "month")
		b.delivered(hookup, 5)
		var dataset string
		b.get(&dataset, `SELECT id FROM dataset WHERE item = $1`, item)
		no := b.begin(b.op, "p11_2_correction", correctionForm(dataset, func(f map[string]any) { f["field"] = "nothing" }))
		b.no(b.op, no, "submit", procedure.Act{}, "correction.field")
		b.no(b.op, no, "submit", procedure.Act{Form: asJSON(correctionForm(dataset, func(f map[string]any) { f["n"] = 7 }))}, "correction.dataset")
		b.step(b.op, no, "submit", procedure.Act{Form: asJSON(correctionForm(dataset, nil))})
		b.no(b.src1, no, "redeliver", procedure.Act{}, "correction.no_delivery")
		b.no(b.src1, no, "promise", procedure.Act{Opinion: "核对", Input: json.RawMessage(`{"by":"2020-01-01"}`)}, "correction.day")
		b.step(b.src1, no, "promise", procedure.Act{Opinion: "核对后重报", Input: asJSON(map[string]any{"by": "2027-01-01"})})
		b.clock.At = b.clock.At.AddDate(0, 0, 1)
		b.handIn(hookup, table(6, b.n))
		b.step(b.src1, no, "redeliver", procedure.Act{})
		b.no(b.op, no, "close", procedure.Act{}, "correction.not_accepted")
		b.step(b.op, hookup, "accept", procedure.Act{})
		b.step(b.op, no, "reject", say("仍有2行"))
		b.no(b.src1, no, "redeliver", procedure.Act{}, "correction.no_delivery") // the same version again
		b.step(b.src1, no, "explain", say("确为高龄，已核实"))
		b.step(b.op, no, "close", procedure.Act{})
		rows := b.list("quality_tickets", b.src1)
		if len(rows) != 1 || rows[0].Cells["state"] != "已销单" || rows[0].Cells["dimension"] != "准确性" {
			t.Errorf("%+v", rows)
		}
		if s := b.page("quality_tickets", b.at.Lead, no)["整改"]; len(s.Items) < 8 {
			t.Errorf("%+v", s)
		}
		d, err := b.Paper(ctx, b.actor(b.src1), no, "ticket")
		b.must(err)
		if text := docs.Text(d); !strings.Contains(text, "年龄大于120的有3行") {
			t.Error(text)
		}
		if n := len(b.list("quality_tickets", b.stranger())); n != 0 {
			t.Errorf("another source sees %d", n)
		}
	})
}

func TestATicketWithoutAnswerGoesToTheAuthority(t *testing.T) {
	eachSupply(t, func(t *testing.T, b *basis, item string) {
		b.delivered(b.connected(item, "month"), 5)
		var dataset string
		b.get(&dataset, `SELECT id FROM dataset WHERE item = $1`, item)
		raise := func() string {
			no := b.begin(b.op, "p11_2_correction", correctionForm(dataset, func(f map[string]any) { delete(f, "field") }))
			b.step(b.op, no, "submit", procedure.Act{})
			return no
		}
		silent, taken, disputed := raise(), raise(), raise()
		b.step(b.op, taken, "withdraw", procedure.Act{})
		b.step(b.src1, disputed, "explain", say("口径如此"))
		b.step(b.op, disputed, "refer", say("与目录说明不符"))
		b.clock.At = b.clock.At.AddDate(0, 0, 15)
		if _, err := b.Tick(ctx); err != nil || b.state(silent) != "authority" {
			t.Fatalf("%v %s", err, b.state(silent))
		}
		var times int
		if b.get(&times, `SELECT escalated FROM quality_ticket WHERE case_no = $1`, silent); times != 1 {
			t.Errorf("escalated %d times", times)
		}
		b.no(b.src1, silent, "instruct", say("无"), "case.role")
		b.step(b.at.Lead, silent, "instruct", say("五日内答复"))
		b.step(b.at.Lead, disputed, "dismiss", say("口径在目录中已有说明"))
		var states []string
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			return r.Select(&states, `SELECT state FROM quality_ticket ORDER BY case_no`)
		}))
		if fmt.Sprint(states) != "[open withdrawn closed]" {
			t.Error(states)
		}
	})
}
