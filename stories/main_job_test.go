package stories

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
		if out.Made.Rows != 4 {
			w.Errorf("sex × income answers %d cells instead of 4", out.Made.Rows)
		}
		w.poolTellsTheTruth(d)
		w.guardHolds(d, out.Made.Project)
		w.everyClauseTouched()
		// Signed, metered calls: answered, then a replay and a forgery refused.
		d.Ready(out.Key, time.Now)
		for i := range 6 {
			status, body := d.Invoke(out.Key, "sex=Female", time.Now(), fmt.Sprintf("nonce-%016d", i))
			if d.Err() != nil || status != 200 || !strings.Contains(string(body), "Female") {
				w.Fatalf("call %d: %d %s %v", i, status, body, d.Err())
			}
		}
		if status, body := d.Invoke(out.Key, "sex=Female", time.Now(), "nonce-0000000000000000"); status == 200 {
			w.Errorf("a replayed nonce was answered: %s", body)
		}
		forged := out.Key
		forged.Secret = strings.Repeat("00", 32)
		if status, body := d.Invoke(forged, "", time.Now(), "nonce-forged-000000001"); status == 200 {
			w.Errorf("a forged call was answered: %s", body)
		}
		// A restart seals the journal; the month closes when it is over; money moves.
		w.restart()
		d.URL = w.url
		w.advance(demo.NextMonth(d.Today()).Format(time.RFC3339))
		demo.Settle(d)
		if err := d.Err(); err != nil {
			w.Fatal(err)
		}
		check := w.pado("ledger", "check")
		if !strings.Contains(check, "10.50") || !strings.Contains(check, "1.05") {
			w.Errorf("seven calls at 1.50 and a tenth for the treasury:\n%s", check)
		}
		if usage := w.pado("usage", "export"); !strings.Contains(usage, ",7,") {
			w.Errorf("usage:\n%s", usage)
		}
		w.quotaEnds(d, out.Made.Product, "就业收入结构统计")
		// The public sees product, price and the city's authorisation.
		for path, want := range map[string]string{"/portal/list/products": "就业收入结构统计", "/portal/list/tariffs": "1.50", "/portal/list/catalogue": "人口就业收入抽样"} {
			status, body := d.Call("data1", "GET", path, nil)
			if status != 200 || !strings.Contains(string(body), want) {
				w.Errorf("%s: %d, %s is not there", path, status, want)
			}
		}
		w.end()
	})
}
