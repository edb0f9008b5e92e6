package procedure_test

import (
	"testing"
	"time"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
)

// TestNoOverdueCaseStandsBeforeALaterLimit: the clock reads two at a time; more cases than that
// are only told, and more than that are refused their step, before the one that can move.
func TestNoOverdueCaseStandsBeforeALaterLimit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		defer procedure.SetTickBatch(2)()
		for range 3 {
			w.letter() // no Clock step
		}
		var stuck []string
		for range 3 {
			no := w.letter()
			w.step(oper, no, "park", procedure.Act{})
			stuck = append(stuck, no)
		}
		w.clock.At = w.clock.At.Add(time.Hour)
		late := w.start("后到期")
		w.must(w.do(dev, late, "submit", procedure.Act{}))
		w.clock.At = w.clock.At.AddDate(0, 0, 40)
		if n, err := w.Tick(ctx); n != 7 || err != nil {
			t.Fatalf("touched %d: %v", n, err)
		}
		if s := w.state(late); s != "coordination" {
			t.Fatalf("the later limit was not taken: %s", s)
		}
		size := w.size()
		if n, err := w.Tick(ctx); n != 0 || err != nil || w.size() != size {
			t.Fatalf("the second tick touched %d and wrote %d entries: %v", n, w.size()-size, err)
		}
		archiveOpen = true
		defer func() { archiveOpen = false }()
		if n, err := w.Tick(ctx); n != 0 || err != nil {
			t.Fatalf("a refused step is tried again at once: %d %v", n, err)
		}
		w.clock.At = w.clock.At.Add(2 * time.Hour)
		if n, err := w.Tick(ctx); n != 3 || err != nil {
			t.Fatalf("an hour later: %d %v", n, err)
		}
		for _, no := range stuck {
			if v, err := w.View(ctx, oper, no); err != nil || v.Case.State != "read" {
				t.Errorf("%s is still %v: %v", no, v, err)
			}
		}
	})
}

// TestNoUnpublishedYearStandsBeforeAPublishedOne: of more cases than one reading, the limit of the
// last is computable by now.
func TestNoUnpublishedYearStandsBeforeAPublishedOne(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		defer procedure.SetTickBatch(2)()
		w.clock.At = time.Date(2026, 12, 30, 9, 0, 0, 0, calendar.Shanghai)
		for range 5 {
			w.letter()
		}
		w.clock.At = w.clock.At.Add(time.Hour)
		no := w.letter()
		w.write(func(x *store.Tx) error { // as if the year had been published meanwhile
			return x.ExecOne(`UPDATE case_file SET since = $1 WHERE no = $2`, store.At(time.Date(2026, 12, 1, 9, 0, 0, 0, calendar.Shanghai)), no)
		})
		if n, err := w.Tick(ctx); n != 2 || err != nil { // computed, and found to have run out
			t.Fatal(n, err)
		}
		v, err := w.View(ctx, oper, no)
		w.must(err)
		if v.Case.DueYear != 0 || v.Case.DueAt.IsZero() {
			t.Errorf("%+v", v.Case)
		}
	})
}
