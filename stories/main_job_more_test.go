package stories

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"time"

	"pado/demo"
)

// poolTellsTheTruth looks at the two datasets as the operator sees them: rows and quality of the
// real files, to the last record.
func (w *world) poolTellsTheTruth(d *demo.Driver) {
	w.Helper()
	var list struct {
		Rows []struct{ Key string }
	}
	d.Get("oper1", "/api/registers/datasets", &list)
	pages := ""
	for _, row := range list.Rows {
		status, page := d.Call("oper1", "GET", "/api/registers/datasets/items/"+url.PathEscape(row.Key), nil)
		if status != 200 {
			w.Errorf("dataset %v: %d %s", row, status, page)
		}
		pages += string(page)
	}
	for _, want := range []string{"32561", "43824", `"rate":9528`} {
		if !strings.Contains(strings.ReplaceAll(pages, ",", ""), want) {
			w.Errorf("%s is not on the pages of the datasets: %.2000s", want, pages)
		}
	}
}

// guardHolds asks what a developer would try: an average is answered within its interval, a row, a
// function outside the list and somebody else's project are not, and a refusal costs nothing.
func (w *world) guardHolds(d *demo.Driver, project string) {
	w.Helper()
	path := "/api/projects/" + project + "/questions"
	var answer struct {
		State string
		Rows  [][]any
	}
	d.Post("dev1", path, demo.Form{"sql": "SELECT sex, avg(hours_per_week) AS hours FROM census_income GROUP BY sex"}, &answer)
	if d.Err() != nil || answer.State != "answered" {
		w.Fatalf("the average: %+v %v", answer, d.Err())
	}
	// The file's own averages, 36.41 and 42.43 hours a week, met within half an hour.
	known := map[string]float64{"Female": 36.41, "Male": 42.43}
	for _, row := range answer.Rows {
		sex, _ := row[0].(string)
		want, ok := known[sex]
		if !ok {
			continue
		}
		delete(known, sex)
		var got float64
		if _, err := fmt.Sscan(fmt.Sprint(row[1]), &got); err != nil || got < want-0.5 || got > want+0.5 {
			w.Errorf("%s works %v hours a week, not %v", sex, row[1], want)
		}
	}
	if len(known) > 0 {
		w.Errorf("not answered: %v", known)
	}
	left := func() string {
		_, b := d.Call("dev1", "GET", "/api/projects/"+project, nil)
		var p struct{ Budget, Slices json.RawMessage }
		if err := json.Unmarshal(b, &p); err != nil || len(p.Slices) == 0 {
			w.Fatalf("the project has no budget: %v %s", err, b)
		}
		return string(p.Budget) + string(p.Slices)
	}
	before := left()
	for _, sql := range []string{"SELECT * FROM census_income", "SELECT age, count(*) FROM read_csv('/etc/passwd') GROUP BY age", "DROP TABLE census_income"} {
		status, b := d.Call("dev1", "POST", path, demo.Form{"sql": sql})
		var no struct{ Code, Detail string }
		if err := json.Unmarshal(b, &no); err != nil || status < 400 || status >= 500 || no.Code == "" || no.Detail == "" {
			w.Errorf("%s: %d %s", sql, status, b)
		}
	}
	if status, _ := d.Call("dev2", "POST", path, demo.Form{"sql": "SELECT count(*) FROM census_income"}); status != 404 {
		w.Errorf("another developer's project answers %d instead of 404", status)
	}
	if now := left(); now != before {
		w.Errorf("a refusal cost budget: %s, then %s", before, now)
	}
}

// quotaEnds orders two calls and makes three.
func (w *world) quotaEnds(d *demo.Driver, product, name string) {
	w.Helper()
	_, key := demo.Order(d, "shop1", product, name, 2, true)
	d.Ready(key, time.Now) // the first
	for i, want := range []string{`"rows"`, "QUOTA_EXHAUSTED"} {
		if _, body := d.Invoke(key, "", time.Now(), fmt.Sprintf("quota-%016d", i)); !strings.Contains(string(body), want) {
			w.Errorf("call %d of an order of two: %s", i+2, body)
		}
	}
}

// everyClauseTouched holds the coverage list to what the chain walks through.
func (w *world) everyClauseTouched() {
	w.Helper()
	open := map[string]bool{}
	list, err := exec.Command(binary, "plan", "coverage").Output()
	if err != nil {
		w.Fatal(err)
	}
	for _, line := range strings.Split(string(list), "\n") {
		if f := strings.Split(line, "|"); len(f) > 3 && strings.Contains(line, "未落实") {
			open[strings.TrimSpace(f[1])] = true
		}
	}
	for _, c := range []string{"1.7b", "3", "5.0", "5.1", "5.3", "6.1.1", "6.1.4", "6.1.5", "6.2.2", "6.2.4", "6.2.5", "6.3.1", "6.3.2", "6.3.3", "6.3.4",
		"6.3.5", "7.1", "7.2", "7.2b", "8.1", "9.1", "9.2", "9.3", "10.1.1", "10.3.2", "10.4.1", "10.5.2", "11.3"} {
		if open[c] {
			w.Errorf("clause %s is walked through and nobody implements it", c)
		}
	}
}
