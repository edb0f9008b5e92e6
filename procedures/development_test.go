package procedures_test

import (
	"os"
	"testing"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/domain/sandbox/guard"
	"pado/plan"
	"pado/procedures"
)

func TestMain(m *testing.M) {
	guard.ChildMain(os.Args)
	os.Exit(m.Run())
}

func TestDevelopmentMatrix(t *testing.T) {
	params, err := plan.City("140600")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range procedures.Development() {
		for _, err := range procedure.Check(p, params) {
			t.Errorf("%s: %v", p.ID, err)
		}
	}
	matrix(t, procedures.Development()...)
	_ = calendar.Shipped
}
