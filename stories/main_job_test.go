package stories

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"pado/demo"
	"pado/domain/governance/ingest"
)

// shared reads a real file of the shared data folder, or skips and says so.
func shared(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "shared", "data", name))
	if err != nil {
		t.Skipf("the real file %s is not here: the main job is not run", name)
	}
	return b
}

// driver drives the story's platform.
func (w *world) driver() *demo.Driver {
	d := &demo.Driver{URL: w.url}
	d.Advance = func(to time.Time) error {
		_, err := w.try("clock", "advance", "--to", to.Format(time.RFC3339))
		return err
	}
	d.Wait = func(user string) error { return demo.Jobs(d, user) }
	return d
}

func TestMainJob(t *testing.T) {
	adult, pm25 := shared(t, "adult.data"), shared(t, "beijing_pm25_prsa_2010_2014.csv")
	examples, err := ingest.Examples()
	if err != nil {
		t.Fatal(err)
	}
	engines(t, func(w *world) {
		d := w.driver()
		census := demo.Census(string(examples["adult-census"].Text), "adult.csv", adult)
		air := demo.Air(string(examples["beijing-pm25"].Text), "pm25.csv", pm25, demo.AirFields)
		out := demo.MainJob(d, census, air)
		if err := d.Err(); err != nil {
			w.Fatal(err)
		}
		w.Logf("%+v", out)
		w.end()
	})
}
