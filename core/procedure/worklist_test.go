package procedure_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"pado/core/procedure"
)

// Do acts and then looks at the work lists as their owners do, so that lists become known between any two acts.
func (w *world) Do(ctx context.Context, a procedure.Actor, no, action string, act procedure.Act) (procedure.Result, error) {
	done, err := w.Engine.Do(ctx, a, no, action, act)
	w.look()
	return done, err
}

// Tick lets the clock act and looks at the work lists.
func (w *world) Tick(ctx context.Context) (int, error) {
	n, err := w.Engine.Tick(ctx)
	w.look()
	return n, err
}

func desksOfTheTests() []procedure.Actor { return []procedure.Actor{dev, oper, auth, worker(), bank} }

func (w *world) look() {
	for _, a := range desksOfTheTests() {
		w.Page(ctx, a, procedure.Query{Tab: "todo"}) //nolint:errcheck // a test that closes the records looks at nothing
	}
}

// knownAsOnRecord: at the end of every test here, whatever was done in it, the lists as known are
// the lists by the records.
func (w *world) knownAsOnRecord() {
	var pages [2][]procedure.Page
	for i := range pages {
		for _, a := range desksOfTheTests() {
			for _, tab := range []string{"todo", "soon", "overdue"} {
				if i > 0 {
					procedure.ForgetLists(w.Engine)
				}
				page, err := w.Page(ctx, a, procedure.Query{Tab: tab})
				if err != nil {
					w.t.Logf("the lists are not compared: %v", err)
					return
				}
				page.At = time.Time{}
				pages[i] = append(pages[i], page)
			}
		}
	}
	if !reflect.DeepEqual(pages[0], pages[1]) {
		w.t.Errorf("as known\n%+v\nby the records\n%+v", pages[0], pages[1])
	}
}

// TestAListIsReadOncePerEntry: until the log grows, the same list is not read again.
func TestAListIsReadOncePerEntry(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		no := w.letter()
		first, err := w.Page(ctx, oper, procedure.Query{Tab: "todo"})
		w.must(err)
		procedure.MarkLists(w.Engine, "known")
		again, err := w.Page(ctx, oper, procedure.Query{Tab: "todo"})
		w.must(err)
		if len(again.Rows) != len(first.Rows) || again.Rows[0].No != no || again.Rows[0].Title != "known" {
			t.Errorf("read again: %+v", again.Rows)
		}
		w.step(oper, no, "park", procedure.Act{})
		for _, r := range must(w.Page(ctx, oper, procedure.Query{Tab: "todo"})).Rows {
			if r.No == no && r.Title == "known" {
				t.Errorf("a row from before the act: %+v", r)
			}
		}
		procedure.ForgetLists(w.Engine)
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
