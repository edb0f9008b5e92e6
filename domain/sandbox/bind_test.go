package sandbox

import (
	"errors"
	"strings"
	"testing"

	"pado/core/procedure"
	"pado/core/store"
)

// Data whose declared range the guard cannot hold is refused with the field's name when it is
// granted; nothing breaks.
func TestARangeTooWideIsRefusedAtTheGrant(t *testing.T) {
	w := openWorld(t, store.SQLite)
	w.write(`UPDATE hookup SET pipeline = $1`, strings.Replace(pipelineText, `"max":"120"`, `"max":"2000000"`, 1))
	err := w.try(func(x *store.Tx) error {
		_, err := OpenProject(x, w.opening(x, "dv1", w.n))
		return err
	})
	var no *procedure.Refused
	if !errors.As(err, &no) || no.Code != "project.policy" || !strings.Contains(no.Message, "age") {
		t.Fatal(err)
	}
	if err := w.db.View(ctx, func(r *store.ReadTx) error {
		if there, err := r.Exists(`SELECT 1 FROM project`); err != nil || there {
			t.Error("a project was opened", err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
