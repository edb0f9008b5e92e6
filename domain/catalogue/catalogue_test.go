package catalogue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"pado/core/audit"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/core/store/storetest"
)

var ctx = context.Background()

// sound is an item without a problem.
func sound() Item {
	return Item{Title: "人口基本信息", Division: "140600", SourceOrg: "src", SourceKind: "organ", Abstract: "摘要", ClassCode: "300101", Class: "人口",
		FormatClass: "database", FormatType: "PostgreSQL", ShareType: "2", ShareCondition: "依职责", ShareMode: "table", OpenType: "none", UpdateCycle: "month",
		Grade: GradeGeneral, Sublevel: 3, Impact: "individual", Degree: "serious", SourceRelation: OwnData, Authorisable: AuthoriseYes, AuthoriseBasis: "职责", CaseNo: "ML-1",
		Fields: []Field{{Name: "id_card", Label: "身份证号", Type: "C", Length: 18, IsKey: true, Personal: true, Shared: true},
			{Name: "age", Label: "年龄", Type: "I", Nullable: true, Personal: true, Authorisable: true}}}
}

func paths(list []procedure.FieldError) string {
	var out []string
	for _, p := range list {
		out = append(out, p.Path)
	}
	return strings.Join(out, " ")
}

func TestASoundItemHasNoProblems(t *testing.T) {
	if p := Problems(sound()); len(p) > 0 {
		t.Fatalf("%+v", p)
	}
}

func TestEveryInconsistencyIsNamedAtItsField(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*Item)
		want  string
	}{
		{"类代码不成形", func(i *Item) { i.ClassCode = "A1" }, "classCode"},
		{"电子表格不能是数据库类型", func(i *Item) { i.FormatClass = "sheet"; i.ShareMode = "file" }, "formatType"},
		{"电子文件不能以库表共享", func(i *Item) { i.FormatClass, i.FormatType = "file", "PDF" }, "shareMode"},
		{"有条件共享没有条件", func(i *Item) { i.ShareCondition = "" }, "shareCondition"},
		{"不予共享没有依据", func(i *Item) {
			i.ShareType, i.ShareMode, i.ShareCondition = "3", "none", ""
			i.Fields[0].Shared = false
		}, "shareCondition"},
		{"不予共享却有共享方式", func(i *Item) { i.ShareType = "3"; i.Fields[0].Shared = false }, "shareMode"},
		{"共享却选不共享方式", func(i *Item) { i.ShareMode = "none" }, "shareMode"},
		{"有条件开放没有条件", func(i *Item) { i.OpenType = "conditional" }, "openCondition"},
		{"不予共享却无条件开放", func(i *Item) { i.ShareType, i.ShareMode, i.OpenType = "3", "none", "free"; i.Fields[0].Shared = false }, "openType"},
		{"没有信息项", func(i *Item) { i.Fields = nil }, "fields"},
		{"英文名不合规", func(i *Item) { i.Fields[1].Name = "年龄" }, "fields.1.name"},
		{"英文名大小写相同", func(i *Item) { i.Fields[1].Name = "ID_CARD" }, "fields.1.name"},
		{"名称重复", func(i *Item) { i.Fields[1].Label = "身份证号" }, "fields.1.label"},
		{"字符型没有长度", func(i *Item) { i.Fields[0].Length = 0 }, "fields.0.length"},
		{"敏感而非个人信息", func(i *Item) { i.Fields[1].Personal, i.Fields[1].Sensitive = false, true }, "fields.1.sensitive"},
		{"主键可空", func(i *Item) { i.Fields[0].Nullable = true }, "fields.0.nullable"},
		{"资源不开放而信息项开放", func(i *Item) { i.Fields[1].Personal, i.Fields[1].Open = false, true }, "fields.1.open"},
		{"个人信息开放", func(i *Item) { i.OpenType = "free"; i.Fields[1].Open = true }, "fields.1.open"},
		{"不共享而信息项共享", func(i *Item) { i.ShareType, i.ShareMode = "3", "none" }, "fields.0.shared"},
		{"不授权而信息项可授权", func(i *Item) { i.Authorisable = AuthoriseNo }, "fields.1.authorisable"},
		{"一般数据没有细分级别", func(i *Item) { i.Sublevel = 0 }, "sublevel"},
		{"重要数据带细分级别", func(i *Item) { i.Grade = GradeImportant }, "sublevel"},
		{"定级低于矩阵", func(i *Item) { i.Impact, i.Degree = "economy", "serious" }, "grade"},
		{"细分级别低于危害程度", func(i *Item) { i.Sublevel = 2 }, "sublevel"},
		{"核心数据不得降级", func(i *Item) {
			i.Impact, i.Degree, i.Sublevel, i.DowngradeDoc, i.DowngradeReason = "economy", "extreme", 4, "评1号", "聚合"
		}, "grade"},
		{"重要数据降为一般数据须为4级", func(i *Item) {
			i.Impact, i.Degree, i.DowngradeDoc, i.DowngradeReason = "economy", "serious", "评1号", "聚合"
		}, "sublevel"},
		{"降级没有理由", func(i *Item) { i.Sublevel, i.DowngradeDoc = 2, "评1号" }, "downgradeReason"},
		{"没有降级却填了依据", func(i *Item) { i.DowngradeDoc = "评1号" }, "downgradeDoc"},
		{"个人信息定为1级", func(i *Item) { i.Sublevel, i.Degree = 1, "none" }, "sublevel"},
		{"敏感个人信息定为2级", func(i *Item) { i.Sublevel, i.Degree = 2, "moderate"; i.Fields[1].Sensitive = true }, "sublevel"},
		{"共享获得没有写来源", func(i *Item) { i.SourceRelation, i.ConsentDoc = SharedIn, "同意函1号" }, "sourceOrigin"},
		{"共享获得没有同意文件", func(i *Item) { i.SourceRelation, i.SourceOrigin = SharedIn, "省公安厅" }, "consentDoc"},
		{"公用企业没有依据", func(i *Item) { i.SourceKind = "water" }, "legalBasis"},
		{"可授权没有依据", func(i *Item) { i.AuthoriseBasis = "" }, "authoriseBasis"},
		{"有条件授权没有条件", func(i *Item) { i.Authorisable = AuthoriseSome }, "authoriseCondition"},
		{"可授权而无一信息项可授权", func(i *Item) { i.Fields[1].Authorisable = false }, "fields"},
	} {
		it := sound()
		c.spoil(&it)
		got := Problems(it)
		if paths(got) != c.want {
			t.Errorf("%s: %q, want %q (%v)", c.name, paths(got), c.want, got)
		}
		for _, p := range got {
			if p.Message == "" || p.Clause == "" {
				t.Errorf("%s: %+v has no words or no clause", c.name, p)
			}
		}
	}
}

func TestTheGradingMatrix(t *testing.T) {
	var b strings.Builder
	for _, i := range Impacts {
		for _, d := range Degrees {
			fmt.Fprintf(&b, "%s/%s=%s ", i.Value, d.Value, GradeFor(i.Value, d.Value))
		}
	}
	want := "national_security/extreme=core national_security/serious=core national_security/moderate=important national_security/none=general " +
		"economy/extreme=core economy/serious=important economy/moderate=general economy/none=general " +
		"social_order/extreme=core social_order/serious=important social_order/moderate=general social_order/none=general " +
		"public_interest/extreme=core public_interest/serious=important public_interest/moderate=general public_interest/none=general " +
		"organisation/extreme=general organisation/serious=general organisation/moderate=general organisation/none=general " +
		"individual/extreme=general individual/serious=general individual/moderate=general individual/none=general "
	if b.String() != want {
		t.Error(b.String())
	}
}

func TestWhyNotAuthorised(t *testing.T) {
	for want, spoil := range map[string]func(*Item){
		"":        func(*Item) {},
		"已撤销":     func(i *Item) { i.State = StateWithdrawn },
		"不授权":     func(i *Item) { i.Authorisable = AuthoriseNo },
		"重要数据":    func(i *Item) { i.Grade = GradeImportant },
		"没有提供单位":  func(i *Item) { i.SourceRelation = SharedIn },
		"没有登记法律依": func(i *Item) { i.SourceKind = "gas" },
	} {
		it := sound()
		it.State = StatePublished
		spoil(&it)
		if got := WhyNotAuthorised(it, false); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	it := sound()
	it.State, it.Grade = StatePublished, GradeImportant
	if WhyNotAuthorised(it, true) != "" {
		t.Error("the parameter opens important data")
	}
}

func update(db *store.DB, f func(w *store.Tx) error) error {
	_, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		return audit.Entry{Type: "test.write", Actor: "system", Action: "test"}, f(w)
	})
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnItemLivesThroughItsVersions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var it Item
		must(t, update(db, func(w *store.Tx) (err error) { it, err = Publish(w, sound(), "新编", "p"); return err }))
		if it.Code != "300101/000001" || it.Version != 1 || !it.Personal || it.Sensitive || it.Digest == "" || !strings.Contains(it.GradeReason, "个人权益") {
			t.Fatalf("%+v", it)
		}
		if err := update(db, func(w *store.Tx) error { _, err := Publish(w, sound(), "", "p"); return err }); !errors.Is(err, store.ErrConflict) {
			t.Errorf("two published items of one title: %v", err)
		}
		next := sound()
		next.UpdateCycle, next.CaseNo = "day", "ML-2"
		next.Fields = []Field{next.Fields[0], {Name: "sex", Label: "性别", Type: "C", Length: 1, Personal: true, Authorisable: true}}
		next.Fields[0].Length = 20
		must(t, update(db, func(w *store.Tx) error { _, err := Change(w, it.ID, 1, next, "增加性别", "p"); return err }))
		if err := update(db, func(w *store.Tx) error { _, err := Change(w, it.ID, 1, next, "", "p"); return err }); !errors.Is(err, store.ErrConflict) {
			t.Errorf("a change from a version that has passed: %v", err)
		}
		must(t, db.View(ctx, func(r *store.ReadTx) error {
			got, err := ByID(r, it.ID)
			must(t, err)
			if got.Version != 2 || got.Code != it.Code || len(got.Fields) != 2 || got.Fields[1].Name != "sex" || got.UpdateCycle != "day" || got.Digest == it.Digest {
				t.Errorf("%+v", got)
			}
			h, err := History(r, it.ID)
			must(t, err)
			var ch []procedure.Change
			must(t, json.Unmarshal([]byte(h[0].Changes), &ch))
			var labels []string
			for _, c := range ch {
				labels = append(labels, c.Label)
			}
			if strings.Join(labels, " ") != "更新周期 信息项（变更） 信息项（新增） 信息项（删除）" {
				t.Errorf("%v", ch)
			}
			return nil
		}))
		must(t, update(db, func(w *store.Tx) error { _, err := Withdraw(w, it.ID, "停用", "ML-3", "p"); return err }))
		if err := update(db, func(w *store.Tx) error { _, err := Withdraw(w, it.ID, "停用", "ML-4", "p"); return err }); !errors.Is(err, store.ErrConflict) {
			t.Errorf("withdrawn twice: %v", err)
		}
		if err := update(db, func(w *store.Tx) error { _, err := Change(w, it.ID, 3, next, "", "p"); return err }); !errors.Is(err, store.ErrConflict) {
			t.Errorf("changed after it was withdrawn: %v", err)
		}
		must(t, update(db, func(w *store.Tx) (err error) { it, err = Publish(w, sound(), "重编", "p"); return err }))
		if it.Code != "300101/000002" {
			t.Errorf("a code was given again: %s", it.Code)
		}
	})
}

func TestSearchAndChoices(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		must(t, update(db, func(w *store.Tx) error {
			a, b := sound(), sound()
			b.Title, b.Authorisable, b.SourceOrg = "百分之100%的气象", AuthoriseNo, "met"
			b.Fields = []Field{{Name: "pm25", Label: "细颗粒物", Type: "N", Length: 5}}
			if _, err := Publish(w, a, "", "p"); err != nil {
				return err
			}
			_, err := Publish(w, b, "", "p")
			return err
		}))
		must(t, db.View(ctx, func(r *store.ReadTx) error {
			for text, want := range map[string]int{"": 2, "人口": 2, "人口基本": 1, "300101": 2, "pm25": 1, "PM": 1, "ＰＭ２５": 1, "颗粒": 1, "粒": 1, "100%": 1, "%": 0, "_": 0, "没有": 0, "人口 颗粒": 1} {
				got, err := Search(r, Filter{Text: text})
				if err != nil || len(got) != want {
					t.Errorf("%q: %d items %v, want %d", text, len(got), err, want)
				}
			}
			source := procedure.Actor{Desks: []procedure.Desk{{Org: "met", Role: "source"}}}
			for name, want := range map[string]int{"catalogue": 2, "catalogue_authorisable": 1, "catalogue_own": 1} {
				got, err := Choices()[name](r, source, "")
				if err != nil || len(got) != want {
					t.Errorf("%s: %v %v", name, got, err)
				}
			}
			return nil
		}))
	})
}

func TestTheRegisterHidesWithdrawnItems(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var it Item
		must(t, update(db, func(w *store.Tx) (err error) {
			if it, err = Publish(w, sound(), "", "p"); err != nil {
				return err
			}
			it, err = Withdraw(w, it.ID, "停用", "ML-3", "p")
			return err
		}))
		g := Registers()[0]
		must(t, g.Check())
		must(t, db.View(ctx, func(r *store.ReadTx) error {
			for role, want := range map[procedure.Role]int{"": 0, "developer": 0, "authority": 1, "source": 1} {
				a := procedure.Actor{Desks: []procedure.Desk{{Org: "src", Role: role}}}
				p, err := g.List(r, a, register.Query{})
				if err != nil || len(p.Rows) != want {
					t.Errorf("%s sees %d rows: %v", role, len(p.Rows), err)
				}
				if _, err := g.Item(r, a, it.ID); (err == nil) != (want == 1) {
					t.Errorf("%s: %v", role, err)
				}
			}
			return nil
		}))
	})
}

func TestRacingChangesLeaveOneVersion(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var it Item
		must(t, update(db, func(w *store.Tx) (err error) { it, err = Publish(w, sound(), "", "p"); return err }))
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() {
				errs[i] = update(db, func(w *store.Tx) error { _, err := Change(w, it.ID, 1, sound(), "", "p"); return err })
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, store.ErrConflict) {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d changes won", won)
		}
	})
}

func TestADifferenceIsEmptyExactlyForTheSame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		gen := func(name string) Item {
			it := sound()
			it.Title = rapid.SampledFrom([]string{"甲", "乙"}).Draw(rt, name+"title")
			it.Sublevel = rapid.IntRange(1, 2).Draw(rt, name+"level")
			it.Fields = nil
			for _, f := range []string{"a", "b"} {
				if rapid.Bool().Draw(rt, name+f) {
					it.Fields = append(it.Fields, Field{Name: f, Label: f, Type: rapid.SampledFrom([]string{"C", "N"}).Draw(rt, name+f+"type")})
				}
			}
			return it
		}
		x, y := gen("x"), gen("y")
		same := x.Title == y.Title && x.Sublevel == y.Sublevel && fmt.Sprint(x.Fields) == fmt.Sprint(y.Fields)
		if same != (len(Differences(x, y)) == 0) || len(Differences(x, y)) != len(Differences(y, x)) {
			rt.Fatalf("%v: %v", same, Differences(x, y))
		}
	})
}
