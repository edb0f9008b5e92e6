package agreement

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/store"
	"pado/core/store/storetest"
)

var ctx = context.Background()

func day(s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
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

func mandate(caseNo, from string) Mandate {
	return Mandate{Division: "140600", GovernmentOrg: "gov", AuthorityOrg: "au", DocNo: "朔政函〔2026〕1号", Title: "授权", Scope: "全部公共数据", Mode: "whole",
		Issued: day(from), ValidFrom: day(from), Evidence: "sha256:1", CaseNo: caseNo}
}

func scheme(caseNo, from string) Scheme {
	return Scheme{Division: "140600", Title: "实施方案", Mandate: "md-00001", AuthorityOrg: "au", GovernmentOrg: "gov", Mode: "whole", TermYears: 3,
		Opinions: "[]", Decided: day(from), Collective: true, ValidFrom: day(from), CaseNo: caseNo}
}

func chapters() map[string]string {
	out := map[string]string{}
	for _, c := range Chapters {
		out[c.Key] = c.Title + "的内容"
	}
	return out
}

func draft(caseNo, signed string, items ...string) Draft {
	d := Draft{Title: "授权运营协议", Mandate: "md-00001", Scheme: "sc-00001", AuthorityOrg: "au", OperatorOrg: "op", Division: "140600", Mode: "whole", PerMode: true,
		Signed: day(signed), Sections: map[string]string{"basis": "依据"}, Terms: Terms{Purposes: []string{"产业发展"}, Years: 3}, CaseNo: caseNo, By: "p"}
	for _, it := range items {
		d.Items = append(d.Items, Item{Item: it})
	}
	return d
}

// base puts a mandate and a scheme in force from 2026-01-05.
func base(t *testing.T, db *store.DB) {
	t.Helper()
	must(t, update(db, func(w *store.Tx) error {
		if _, err := Issue(w, mandate("M-1", "2026-01-05"), "p"); err != nil {
			return err
		}
		_, err := Adopt(w, scheme("S-1", "2026-01-05"), chapters(), 2, "p")
		return err
	}))
}

func TestTheLastDayOfATerm(t *testing.T) {
	for _, c := range []struct {
		signed    string
		years     int
		inclusive bool
		want      string
	}{
		{"2026-03-02", 3, false, "2029-03-01"},
		{"2026-03-02", 3, true, "2029-03-02"},
		{"2024-02-29", 3, false, "2027-02-27"},
		{"2024-02-29", 4, false, "2028-02-28"},
		{"2024-02-29", 4, true, "2028-02-29"},
		{"2026-01-01", 1, false, "2026-12-31"},
	} {
		if got := LastDay(day(c.signed), c.years, c.inclusive).String(); got != c.want {
			t.Errorf("%s + %d years: %s, want %s", c.signed, c.years, got, c.want)
		}
	}
}

func TestStatusFollowsFromTheDates(t *testing.T) {
	a := Agreement{Signed: day("2026-03-02"), Ends: day("2029-03-01"), State: "in_force"}
	for _, c := range []struct{ state, reason, on, want string }{
		{"in_force", "", "2026-03-01", "pending"}, {"in_force", "", "2026-03-02", "in_force"}, {"in_force", "", "2029-03-01", "in_force"},
		{"in_force", "", "2029-03-02", "expired"}, {"suspended", "", "2027-01-01", "suspended"}, {"suspended", "", "2029-03-02", "expired"},
		{"ended", ReasonTerminated, "2027-01-01", "ended"}, {"ended", ReasonExpired, "2030-01-01", "expired"},
	} {
		a.State, a.EndReason = c.state, c.reason
		if got := a.Status(day(c.on)); string(got) != c.want {
			t.Errorf("%s on %s: %s, want %s", c.state, c.on, got, c.want)
		}
	}
	s := Scheme{ValidFrom: day("2026-01-05"), ValidTo: day("2028-01-04"), State: "in_force"}
	for on, want := range map[string]Status{"2026-01-04": Pending, "2026-01-05": InForce, "2028-01-04": InForce, "2028-01-05": Lapsed} {
		if got := s.Status(day(on)); got != want {
			t.Errorf("scheme on %s: %s, want %s", on, got, want)
		}
	}
	for _, x := range []Status{Pending, InForce, Lapsed, Expired, Superseded, Revoked, Suspended, Ended} {
		if x.Label() == "" || x.Tone() == "" {
			t.Errorf("%s has no label", x)
		}
	}
}

func TestABasisIsSupersededByItsNextVersion(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		base(t, db)
		must(t, update(db, func(w *store.Tx) error {
			if _, err := Issue(w, mandate("M-2", "2026-06-01"), "p"); err != nil {
				return err
			}
			s, err := Adopt(w, scheme("S-2", "2026-06-01"), chapters(), 2, "p")
			if err == nil && (s.Version != 2 || s.ValidTo != day("2028-05-31")) {
				t.Errorf("version %d until %s", s.Version, s.ValidTo)
			}
			return err
		}))
		must(t, db.View(ctx, func(r *store.ReadTx) error {
			for on, want := range map[string]string{"2026-01-04": "", "2026-05-31": "M-1", "2026-06-01": "M-2", "2040-01-01": "M-2"} {
				m, err := MandateOn(r, "140600", day(on))
				if want == "" && !missing(err) || want != "" && m.CaseNo != want {
					t.Errorf("mandate on %s: %q %v, want %q", on, m.CaseNo, err, want)
				}
			}
			for on, want := range map[string]string{"2026-05-31": "S-1", "2026-06-01": "S-2", "2028-05-31": "S-2", "2028-06-01": ""} {
				s, err := SchemeOn(r, "140600", day(on))
				if want == "" && !missing(err) || want != "" && s.CaseNo != want {
					t.Errorf("scheme on %s: %q %v, want %q", on, s.CaseNo, err, want)
				}
			}
			if _, err := MandateOn(r, "140602", day("2026-06-01")); !missing(err) {
				t.Errorf("a county has no mandate of the city: %v", err)
			}
			return nil
		}))
		// An older decision entered afterwards does not push the newer one aside.
		must(t, update(db, func(w *store.Tx) error {
			s, err := Adopt(w, scheme("S-0", "2025-09-01"), chapters(), 2, "p")
			if err == nil && (s.State != "superseded" || s.ValidTo != day("2026-05-31")) {
				t.Errorf("%s until %s", s.State, s.ValidTo)
			}
			return err
		}))
		must(t, db.View(ctx, func(r *store.ReadTx) error {
			s, err := SchemeOn(r, "140600", day("2026-07-01"))
			if s.CaseNo != "S-2" {
				t.Errorf("got %s", s.CaseNo)
			}
			return err
		}))
		must(t, update(db, func(w *store.Tx) error { return Revoke(w, "scheme", "sc-00002", "p", "R-1") }))
		if err := update(db, func(w *store.Tx) error { return Revoke(w, "scheme", "sc-00002", "p", "R-1") }); !errors.Is(err, store.ErrConflict) {
			t.Errorf("revoked twice: %v", err)
		}
	})
}

func TestOneAgreementPerSlotAndPerItem(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		base(t, db)
		var a Agreement
		must(t, update(db, func(w *store.Tx) (err error) {
			a, err = Sign(w, draft("A-1", "2026-03-02", "it-1", "it-2"))
			return err
		}))
		if a.Ends != day("2029-03-01") || a.State != "in_force" || a.Digest == "" {
			t.Fatalf("%+v", a)
		}
		if err := update(db, func(w *store.Tx) error { _, err := Sign(w, draft("A-2", "2026-03-02")); return err }); !errors.Is(err, store.ErrConflict) {
			t.Errorf("a second agreement in the slot: %v", err)
		}
		other := draft("A-3", "2026-03-02", "it-2")
		other.Mode = "by_field"
		if err := update(db, func(w *store.Tx) error { _, err := Sign(w, other); return err }); !errors.Is(err, store.ErrConflict) {
			t.Errorf("an item under two agreements: %v", err)
		}
		other.Items = []Item{{Item: "it-3", Fields: []string{"b", "a"}, Ends: day("2027-01-31")}, {Item: "it-4", Ends: day("2099-01-01")}}
		must(t, update(db, func(w *store.Tx) (err error) { a, err = Sign(w, other); return err }))
		must(t, db.View(ctx, func(r *store.ReadTx) error {
			items, err := Items(r, a.ID)
			if len(items) != 2 || items[0].Ends != day("2027-01-31") || fmt.Sprint(items[0].Fields) != "[a b]" || items[1].Ends != a.Ends || fmt.Sprint(items[1].Fields) != "[*]" {
				t.Errorf("%+v", items)
			}
			h, herr := HolderOf(r, "it-3", day("2026-03-02"))
			if herr != nil || h.ID != a.ID {
				t.Errorf("holder %s: %v", h.ID, herr)
			}
			return err
		}))
		must(t, update(db, func(w *store.Tx) error {
			_, err := ChangeScope(w, a.ID, Scope{Add: []Item{{Item: "it-5"}}, Remove: []string{"it-3"}}, "E-1", "p")
			return err
		}))
		if err := update(db, func(w *store.Tx) error {
			_, err := ChangeScope(w, a.ID, Scope{Add: []Item{{Item: "it-1"}}}, "E-2", "p")
			return err
		}); !errors.Is(err, store.ErrConflict) {
			t.Errorf("an item of another agreement added: %v", err)
		}
		if err := update(db, func(w *store.Tx) error {
			_, err := ChangeScope(w, a.ID, Scope{Remove: []string{"it-3"}}, "E-3", "p")
			return err
		}); !errors.Is(err, store.ErrConflict) {
			t.Errorf("an item removed twice: %v", err)
		}
		must(t, update(db, func(w *store.Tx) error { return Suspend(w, a.ID, "X-1", "p") }))
		if err := update(db, func(w *store.Tx) error {
			_, err := ChangeScope(w, a.ID, Scope{Add: []Item{{Item: "it-6"}}}, "E-4", "p")
			return err
		}); !errors.Is(err, store.ErrConflict) {
			t.Errorf("a suspended agreement grew: %v", err)
		}
		must(t, update(db, func(w *store.Tx) error { return Resume(w, a.ID, "X-2", "p") }))
		must(t, update(db, func(w *store.Tx) error { return End(w, a.ID, ReasonTerminated, "X-3", "p") }))
		must(t, update(db, func(w *store.Tx) error {
			_, err := Sign(w, func() Draft { d := other; d.CaseNo = "A-4"; return d }())
			return err
		}))
	})
}

func TestAnExpiredAgreementFreesItsPlace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		base(t, db)
		old := draft("A-0", "2022-03-02", "it-1")
		must(t, update(db, func(w *store.Tx) error {
			a, err := Sign(w, old)
			if err == nil && (a.State != "ended" || a.Status(day("2026-03-02")) != Expired) {
				t.Errorf("%+v", a)
			}
			return err
		}))
		d := draft("A-1", "2023-03-05", "it-1") // ends 2026-03-04, two days from now
		must(t, update(db, func(w *store.Tx) error { _, err := Sign(w, d); return err }))
		must(t, db.AdvanceClock(ctx, day("2026-03-05").Start(), "test"))
		must(t, update(db, func(w *store.Tx) error { _, err := Sign(w, draft("A-2", "2026-03-05", "it-1")); return err }))
		must(t, db.View(ctx, func(r *store.ReadTx) error {
			a, err := ByCase(r, "A-1")
			if a.State != "ended" || a.EndReason != ReasonExpired || a.Ended != day("2026-03-04") {
				t.Errorf("%+v", a)
			}
			h, herr := HolderOf(r, "it-1", day("2026-03-05"))
			if herr != nil || h.CaseNo != "A-2" {
				t.Errorf("holder %s: %v", h.CaseNo, herr)
			}
			return err
		}))
	})
}

// Two instances sign at the same moment: one wins, the other is told of a conflict.
func TestRacingSignaturesLeaveOneAgreement(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		base(t, db)
		for name, drafts := range map[string][]Draft{
			"slot": {draft("R-1", "2026-03-02"), draft("R-2", "2026-03-02"), draft("R-3", "2026-03-02"), draft("R-4", "2026-03-02")},
			"item": func() (out []Draft) {
				for i, mode := range []string{"x1", "x2", "x3", "x4"} {
					d := draft(fmt.Sprintf("I-%d", i), "2026-03-02", "it-9")
					d.Mode = mode
					out = append(out, d)
				}
				return out
			}(),
		} {
			var wg sync.WaitGroup
			errs := make([]error, len(drafts))
			start := make(chan struct{})
			for i, d := range drafts {
				wg.Go(func() {
					<-start
					errs[i] = update(db, func(w *store.Tx) error { _, err := Sign(w, d); return err })
				})
			}
			close(start)
			wg.Wait()
			won := 0
			for _, err := range errs {
				switch {
				case err == nil:
					won++
				case !errors.Is(err, store.ErrConflict):
					t.Errorf("%s: %v", name, err)
				}
			}
			if won != 1 {
				t.Errorf("%s: %d of %d won", name, won, len(drafts))
			}
		}
	})
}

func TestObjectionsAreAnsweredOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		must(t, update(db, func(w *store.Tx) error {
			for i := range 2 {
				if n, err := Object(w, "A-1", "张三", "", "异议"); err != nil || n != i+1 {
					t.Fatal(n, err)
				}
			}
			return Reply(w, "A-1", 1, false, "不成立，理由……", "p")
		}))
		if err := update(db, func(w *store.Tx) error { return Reply(w, "A-1", 1, true, "再答", "p") }); !errors.Is(err, store.ErrConflict) {
			t.Errorf("answered twice: %v", err)
		}
		must(t, db.View(ctx, func(r *store.ReadTx) error {
			n, err := Unanswered(r, "A-1")
			list, lerr := Objections(r, "A-1")
			if n != 1 || len(list) != 2 || list[0].Upheld == nil || *list[0].Upheld || list[1].Upheld != nil {
				t.Errorf("%d %+v %v", n, list, lerr)
			}
			return err
		}))
	})
}

func TestTheDigestBindsEveryWord(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := draft("A", "2026-03-02", "it-1")
		d.Sections = map[string]string{}
		for _, s := range Sections {
			d.Sections[s.Key] = rapid.StringMatching(`[a-z甲乙丙]{0,6}`).Draw(rt, s.Key)
		}
		before, err := d.Digest()
		if err != nil {
			rt.Fatal(err)
		}
		i := rapid.IntRange(0, len(Sections)+4).Draw(rt, "what")
		switch {
		case i < len(Sections):
			d.Sections[Sections[i].Key] += "改"
		case i == len(Sections):
			d.Terms.Fee.RateBP++
		case i == len(Sections)+1:
			d.Items[0].Ends = day("2027-01-01")
		case i == len(Sections)+2:
			d.Items = append(d.Items, Item{Item: "it-2"})
		case i == len(Sections)+3:
			d.PlanDigest = "sha256:2"
		default:
			d.Terms.Purposes = append(d.Terms.Purposes, "公共治理")
		}
		after, err := d.Digest()
		if err != nil || before == after {
			rt.Fatalf("a change of part %d left the digest (%v)", i, err)
		}
	})
}

func TestContentsAreComplete(t *testing.T) {
	if len(Chapters) != 13 || len(Sections) != 17 {
		t.Fatal(len(Chapters), len(Sections))
	}
	text := chapters()
	if m := Missing(Chapters, text); m != nil {
		t.Error(m)
	}
	text["exit"], text["security"] = " \n　", ""
	if m := Missing(Chapters, text); fmt.Sprint(m) != "[安全管理和个人信息保护 退出机制及其他]" {
		t.Error(m)
	}
	var terms Terms
	if err := json.Unmarshal([]byte(`{"resource_fee":{"rate_bp":500},"ratios":{"government":3000,"operator":5000,"source":1500,"partner":500}}`), &terms); err != nil || terms.Ratios.Sum() != 10000 || terms.Fee.RateBP != 500 {
		t.Error(terms, err)
	}
}
