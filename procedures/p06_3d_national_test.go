package procedures_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pado/core/docs"
	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/catalogue"
	"pado/domain/supply"
	"pado/procedures"
)

func (b *basis) nationalForm(item string, change func(map[string]any)) map[string]any {
	f := map[string]any{"act": "initial", "item": item, "subject": "朔州市统计局", "lawful": "统计法", "lawFile": b.file(b.src1), "resource": "抽样调查", "storage": "政务云", "keptNo": "CZ-1",
		"keptFile": b.file(b.src1), "products": "人口分布", "scenarios": "公共治理", "risk": "低", "riskFile": b.file(b.src1), "pledge": b.file(b.src1)}
	if change != nil {
		change(f)
	}
	return f
}

func on(day string, more ...string) procedure.Act {
	in := map[string]string{"on": day}
	for i := 0; i+1 < len(more); i += 2 {
		in[more[i]] = more[i+1]
	}
	return procedure.Act{Input: asJSON(in)}
}

func TestANationalRegistrationIsAppliedForInTime(t *testing.T) {
	eachSupply(t, func(t *testing.T, b *basis, item string) {
		b.to(2026, 4, 16, 10)
		b.delivered(b.connected(item, "year"), 5)
		b.watch()
		n := b.national(item)
		// Twenty working days after Thursday, 16 April 2026, over the holidays of May with their make-up Saturday.
		if n.State != "none" || !n.Obliged || n.Due.In(b.clock.At.Location()).Format("2006-01-02 15:04") != "2026-05-19 00:00" {
			t.Fatalf("%+v %s", n, n.Due.In(b.clock.At.Location()))
		}
		limit := func() string { return fmt.Sprint(b.list("national_registrations", b.at.Lead)[0].Cells["limit"]) }
		if limit() != "未到期" {
			t.Error(limit())
		}
		b.to(2026, 5, 11, 9)
		b.watch()
		if limit() != "即将到期" || b.told(b.src1, "国家登记即将到期") != 1 || b.told(b.at.Lead, "国家登记即将到期") != 1 {
			t.Errorf("%s %d", limit(), b.told(b.src1, "国家登记即将到期"))
		}
		b.to(2026, 5, 19, 0)
		b.watch()
		if limit() != "逾期未申请" || b.told(b.src1, "国家登记逾期") != 1 || b.told(b.op, "国家登记") != 0 {
			t.Error(limit())
		}

		b.to(2026, 5, 20, 9)
		no := b.begin(b.src1, "p06_3d_national", b.nationalForm(item, func(f map[string]any) { delete(f, "riskFile") }))
		var inv *procedure.Invalid
		if err := b.do(b.src1, no, "apply", on("2026-05-20")); !errors.As(err, &inv) || inv.Errors[0].Path != "riskFile" {
			t.Fatalf("without the assessment: %v", err)
		}
		v, err := b.View(ctx, b.actor(b.src1), no)
		b.must(err)
		lacks := 0
		for _, s := range v.Sections {
			if s.Title == "材料清单" {
				for _, row := range s.Rows {
					if strings.Contains(fmt.Sprint(row["state"]), "缺") {
						lacks++
					}
				}
			}
		}
		if lacks != 1 {
			t.Errorf("%d materials are missing", lacks)
		}
		form := procedure.Act{Form: asJSON(b.nationalForm(item, nil)), Input: json.RawMessage(`{"on":"2026-05-21"}`)}
		b.no(b.src1, no, "apply", form, "national.day")
		form.Input = json.RawMessage(`{"on":"2026-05-20"}`)
		b.step(b.src1, no, "apply", form)
		twice := b.begin(b.src1, "p06_3d_national", b.nationalForm(item, nil))
		b.no(b.src1, twice, "apply", on("2026-05-20"), "national.alone")
		b.step(b.src1, no, "supplement", say("请补充存储情况"))
		b.step(b.src1, no, "apply", on("2026-05-20"))
		b.no(b.src1, no, "accept", on("2026-05-19"), "national.day")
		b.to(2026, 6, 20, 9)
		b.step(b.src1, no, "accept", on("2026-05-22"))
		b.step(b.src1, no, "review", on("2026-06-01"))
		b.step(b.src1, no, "publicise", on("2026-06-02"))
		b.step(b.src1, no, "object", procedure.Act{Opinion: "有人认为名称不准", Input: json.RawMessage(`{"on":"2026-06-05"}`)})
		b.step(b.src1, no, "clear", procedure.Act{Opinion: "经核查不成立", Input: json.RawMessage(`{"on":"2026-06-08"}`)})
		b.no(b.src1, no, "cancel", on("2026-06-17"), "national.only_cancel")
		b.no(b.src1, no, "code", on("2026-06-17", "number", "GAN1242345242345", "validTo", "2030-01-01"), "national.term")
		b.step(b.src1, no, "code", on("2026-06-17", "number", "GAN1242345242345"))
		n = b.national(item)
		if n.State != "coded" || n.Number != "GAN1242345242345" || n.ValidTo != "2029-06-16" || n.Applied != "2026-05-20" {
			t.Errorf("%+v", n)
		}
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			it, err := catalogue.ByID(r, item)
			if it.RegistrationNo != n.Number || it.Version != 2 {
				t.Errorf("the catalogue says %q in version %d", it.RegistrationNo, it.Version)
			}
			return err
		}))
		d, err := b.Paper(ctx, b.actor(b.src1), no, "package")
		b.must(err)
		if text := docs.Text(d); !strings.Contains(text, "CZ-1") {
			t.Error(text)
		}
		b.no(b.src1, twice, "apply", on("2026-06-18"), "national.act")

		// The window of renewal opens sixty days before the end; the number is one resource's alone.
		renewal := b.begin(b.src1, "p06_3d_national", map[string]any{"act": "renewal", "item": item})
		b.no(b.src1, renewal, "apply", on("2026-06-18"), "national.act")
		b.to(2029, 4, 18, 9)
		b.watch()
		if limit() != "可以续展" || b.told(b.src1, "国家登记可以申请续展") != 1 {
			t.Error(limit())
		}
		b.step(b.src1, renewal, "apply", on("2029-04-18"))
		b.to(2029, 4, 20, 9)
		b.step(b.src1, renewal, "refuse", procedure.Act{Opinion: "材料不全", Input: json.RawMessage(`{"on":"2029-04-20"}`)})
		if n = b.national(item); n.State != "coded" || n.Number == "" {
			t.Errorf("a renewal that was refused took the result away: %+v", n)
		}
		cancel := b.begin(b.src1, "p06_3d_national", map[string]any{"act": "cancel", "item": item, "ground": "given_up"})
		b.step(b.src1, cancel, "apply", on("2029-04-20"))
		b.step(b.src1, cancel, "accept", on("2029-04-20"))
		b.no(b.src1, cancel, "cancel", on("2029-04-21"), "national.day")
		b.step(b.src1, cancel, "cancel", on("2029-04-20"))
		if n = b.national(item); n.State != "cancelled" || n.Number != "" || n.ValidTo != "" {
			t.Errorf("%+v", n)
		}
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			it, err := catalogue.ByID(r, item)
			if it.RegistrationNo != "" {
				t.Errorf("the catalogue still shows %q", it.RegistrationNo)
			}
			return err
		}))
		// A new application that leads to nothing does not bring the cancelled number back.
		anew := b.begin(b.src1, "p06_3d_national", b.nationalForm(item, nil))
		b.step(b.src1, anew, "apply", on("2029-04-20"))
		b.step(b.src1, anew, "refuse", procedure.Act{Opinion: "材料不全", Input: json.RawMessage(`{"on":"2029-04-20"}`)})
		if n = b.national(item); n.State != "refused" || n.Number != "" {
			t.Errorf("%+v", n)
		}
		storetest.Verify(t, b.db, procedures.NewSupplyReplay(b.view))

		// A result that has run out is not renewed: the resource is registered again from the start.
		anew = b.begin(b.src1, "p06_3d_national", b.nationalForm(item, nil))
		for _, do := range []string{"apply", "accept", "review", "publicise"} {
			b.step(b.src1, anew, do, on("2029-04-20"))
		}
		b.step(b.src1, anew, "code", on("2029-04-20", "number", "GAN2"))
		b.to(2032, 4, 20, 9)
		late := b.begin(b.src1, "p06_3d_national", map[string]any{"act": "renewal", "item": item})
		b.no(b.src1, late, "apply", on("2032-04-20"), "national.act")
		b.step(b.src1, b.begin(b.src1, "p06_3d_national", b.nationalForm(item, nil)), "apply", on("2032-04-20"))
	})
}

func (b *basis) national(item string) (n supply.National) {
	b.t.Helper()
	b.must(b.db.View(ctx, func(r *store.ReadTx) (err error) { n, err = supply.NationalOf(r, item); return err }))
	return n
}

func TestCollectionIsTakenNoteOf(t *testing.T) {
	eachSupply(t, func(t *testing.T, b *basis, item string) {
		row := map[string]any{"item": item, "mode": "exchange", "on": "2026-04-01", "place": "人口库.抽样"}
		no := b.begin(b.src1, "p07_1_collection", map[string]any{"items": []any{row, row}})
		var inv *procedure.Invalid
		if err := b.do(b.src1, no, "file", procedure.Act{}); !errors.As(err, &inv) || len(inv.Errors) != 1 || inv.Errors[0].Path != "items.1.item" {
			t.Fatalf("%v %+v", err, inv)
		}
		b.step(b.src1, no, "file", procedure.Act{Form: asJSON(map[string]any{"items": []any{row}})})
		b.step(b.at.Lead, no, "record", procedure.Act{})
		if rows := b.list("supply_collections", b.src2); len(rows) != 1 || rows[0].Cells["state"] != "已归集" {
			t.Errorf("%+v", rows)
		}
		// What is held is answered in five working days.
		req := b.begin(b.op, "p07_1_supply", requestForm(item))
		b.step(b.op, req, "submit", procedure.Act{})
		b.no(b.at.Lead, req, "forward_new", procedure.Act{}, "supply.held")
		b.step(b.at.Lead, req, "forward_held", procedure.Act{})
		b.step(b.at.Lead, no, "order", say("归集的库表不对"))
		if rows := b.list("supply_rates", b.src1); len(rows) != 1 || fmt.Sprint(rows[0].Cells["collect_rate"], rows[0].Cells["supply_rate"]) != "0 0" {
			t.Errorf("%+v", rows)
		}
	})
}
