package stories

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pado/procedures"
)

// The demonstration city is whole: cases of every procedure in two states at least, work for every
// kind of person, calls that answer as they stand, books that balance and a log that verifies.
func TestTheDemonstrationCity(t *testing.T) {
	engines(t, func(w *world) {
		os.RemoveAll(w.dir)
		w.server.end(os.Interrupt)
		if w.db != "" {
			w.Skip("the city is built on SQLite here; the procedures have their own tests on PostgreSQL")
		}
		printed := w.pado("demo", "--people", "2500")
		states := stations(printed)
		for _, p := range procedures.All() {
			t.Logf("%s %v", p.ID, states[p.ID])
			if len(states[p.ID]) < 2 {
				t.Errorf("the cases of %s are in fewer than two states: %v", p.ID, states[p.ID])
			}
		}
		if out, err := w.try("demo"); err == nil || !strings.Contains(out, "不是空的") {
			t.Errorf("a place that is taken: %v %s", err, out)
		}
		if check := w.pado("ledger", "check"); !strings.Contains(check, "借贷相等") {
			t.Errorf("the ledger: %s", check)
		}
		w.pado("audit", "verify")
		w.serve()

		for _, user := range []string{"gov1", "data1", "data2", "oper1", "oper2", "health2", "eco1", "hrss1", "drc1", "fin1", "police1", "market1", "dev1", "bank1", "shop1", "secadmin", "auditadmin", "county2", "county3", "new2"} {
			var list struct{ Items []struct{ No string } }
			w.as(user).get("/api/cases?tab=todo", &list)
			if len(list.Items) == 0 {
				t.Errorf("%s finds an empty work list", user)
			}
		}
		var leader struct {
			Units []struct{ Overdue int }
		}
		w.as("data1").get("/api/leader", &leader)
		late := 0
		for _, u := range leader.Units {
			if u.Overdue > 0 {
				late++
			}
		}
		if late < 3 {
			t.Errorf("%d units are late on the leader's page", late)
		}
		w.examplesAnswer()
		w.end()
	})
}

// stations reads the states of each procedure's cases from what pado demo prints.
func stations(printed string) map[string][]string {
	out := map[string][]string{}
	line := regexp.MustCompile(`（(p\d\w+)）(.*)`)
	for _, m := range line.FindAllStringSubmatch(printed, -1) {
		f := strings.Fields(m[2])
		for i := 0; i+1 < len(f); i += 2 {
			out[m[1]] = append(out[m[1]], f[i]+" "+f[i+1])
		}
	}
	return out
}

// examplesAnswer sends the calls of demo.json as they stand.
func (w *world) examplesAnswer() {
	w.Helper()
	var file struct {
		Keys []struct {
			Product string
			Example struct {
				Method, Path, Body string
				Headers            map[string]string
			}
		}
	}
	b, err := os.ReadFile(filepath.Join(w.dir, "demo.json"))
	if err != nil {
		w.Fatal(err)
	}
	if err := json.Unmarshal(b, &file); err != nil {
		w.Fatal(err)
	}
	if len(file.Keys) < 2 {
		w.Fatalf("%d keys", len(file.Keys))
	}
	for _, k := range file.Keys {
		req, err := http.NewRequest(k.Example.Method, w.url+k.Example.Path, strings.NewReader(k.Example.Body))
		if err != nil {
			w.Fatal(err)
		}
		for h, v := range k.Example.Headers {
			req.Header.Set(h, v)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			w.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != 200 {
			w.Errorf("the example of %s: %d %s %v", k.Product, res.StatusCode, b, err)
		}
	}
}

// What cannot be built leaves nothing behind, neither half a city nor a hidden workshop.
func TestAFailedDemonstrationLeavesNothing(t *testing.T) {
	parent := t.TempDir()
	w := &world{T: t, dir: filepath.Join(parent, "city"), people: map[string]*person{}}
	if err := os.WriteFile(w.dir+".kek", []byte("too short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := w.try("demo", "--bare"); err == nil || !strings.Contains(out, "未作改动") {
		t.Errorf("a key file that is none: %v %s", err, out)
	}
	list, err := os.ReadDir(parent)
	if err != nil || len(list) != 1 || list[0].Name() != "city.kek" {
		t.Errorf("left behind: %v %v", list, err)
	}
}
