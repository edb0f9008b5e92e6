package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"pado/core/calendar"
	"pado/core/id"
	"pado/domain/governance/ingest/engine"
	"pado/domain/governance/vault"
)

func cli(t testing.TB, args ...string) (code int, out, errs map[string]any) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = Main(args, &stdout, &stderr)
	parse := func(b []byte) map[string]any {
		var m map[string]any
		if len(b) > 0 && b[0] == '{' {
			if err := json.Unmarshal(b, &m); err != nil {
				t.Fatalf("%v: %s", err, b)
			}
		}
		return m
	}
	return code, parse(stdout.Bytes()), parse(stderr.Bytes())
}

func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCommand(t *testing.T) {
	dir := t.TempDir()
	in := write(t, dir, "in.csv", "a,b\n1,x\ny,y\n")
	decl := write(t, dir, "p.yaml", oneColumn)
	out := filepath.Join(dir, "out")
	code, res, _ := cli(t, "--pipeline", decl, "--in", in, "--out", out)
	if code != 0 || res["rows"] != 1.0 || res["quarantined"] != 1.0 || res["quality"] == nil {
		t.Fatalf("%d %v", code, res)
	}
	st, err := os.Stat(out + ".key")
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v %v", st, err)
	}
	_, again, _ := cli(t, "--pipeline", decl, "--in", in, "--out", out)
	if again["digest"] != res["digest"] || again["version_id"] != res["version_id"] {
		t.Errorf("again %v", again["version_id"])
	}
	code, prop, _ := cli(t, "--propose", "--in", in)
	if code != 0 || prop["header"] != 1.0 || prop["pipeline"] == nil {
		t.Errorf("%d %v", code, prop)
	}
	// The draft, as printed, is a declaration.
	b, err := json.Marshal(prop["pipeline"])
	if err != nil {
		t.Fatal(err)
	}
	draft := write(t, dir, "draft.json", string(b))
	if code, res, errs := cli(t, "--pipeline", draft, "--in", in, "--out", out); code != 0 || res["rows"] != 2.0 {
		t.Errorf("draft: %d %v %v", code, res, errs)
	}
}

func TestCommandRefuses(t *testing.T) {
	dir := t.TempDir()
	in := write(t, dir, "in.csv", "a,c\n1,x\n")
	decl := write(t, dir, "p.yaml", oneColumn)
	bad := write(t, dir, "bad.yaml", "x: 1\n")
	key := write(t, dir, "short.key", "00ff\n")
	out := filepath.Join(dir, "out")
	for _, c := range []struct {
		args []string
		exit int
		code string
	}{
		{nil, 2, ""},
		{[]string{"--in", in}, 2, ""},
		{[]string{"--propose", "--pipeline", decl, "--in", in}, 2, ""},
		{[]string{"--pipeline", decl, "--in", in}, 2, ""},
		{[]string{"--nonsense"}, 2, ""},
		{[]string{"--propose", "--in", filepath.Join(dir, "none")}, 1, "INGEST_NO_FILE"},
		{[]string{"--pipeline", filepath.Join(dir, "none"), "--in", in, "--out", out}, 1, "INGEST_NO_FILE"},
		{[]string{"--pipeline", bad, "--in", in, "--out", out}, 1, "PIPELINE_SYNTAX"},
		{[]string{"--pipeline", decl, "--in", in, "--out", out}, 1, "INGEST_SCHEMA"},
		{[]string{"--pipeline", decl, "--in", in, "--out", out, "--key", key}, 1, "INGEST_KEY"},
		{[]string{"--pipeline", decl, "--in", in, "--out", out, "--received", "today"}, 1, "INGEST_DAY"},
	} {
		exit, _, errs := cli(t, c.args...)
		code, _ := errs["code"].(string)
		if exit != c.exit || code != c.code || c.code != "" && (errs["message"] == "" || errs["clause"] == nil) {
			t.Errorf("%v: %d %v", c.args, exit, errs)
		}
		if text := fmt.Sprint(errs); strings.Contains(text, dir) {
			t.Errorf("%v shows a path: %s", c.args, text)
		}
	}
}

// persons makes a register with known faults.
func persons(t testing.TB) (text string, good []id.IDCard) {
	t.Helper()
	var b strings.Builder
	b.WriteString("公民身份号码,姓名,性别,出生日期,联系电话,居住地区划代码,月收入,登记日期\n")
	for i := range 40 {
		c, err := id.MakeIDCard("140602", calendar.Date{Y: 1960 + i, M: 1 + 5, D: 1 + i%28}, 100+i)
		if err != nil {
			t.Fatal(err)
		}
		good = append(good, c)
		number, sex := c.Number(), string(c.Sex())
		birth := fmt.Sprintf("%d年%d月%d日", 1960+i, 6, 1+i%28)
		if i%3 == 0 {
			number, birth = strings.ToLower(number), fmt.Sprintf("%d/%d/%d", 1960+i, 6, 1+i%28)
		}
		fmt.Fprintf(&b, " %s ,张%d,%s,%s,138%08d,140602,%d.50,2024-05-0%d\n", number, i, sex, birth, i, i*2000, 1+i%9)
	}
	c := good[0].Number()
	b.WriteString(c[:17] + "?,错校验,男,1960-06-01,,140602,1,2024-05-01\n")                 // record 42
	b.WriteString(good[1].Number() + ",错性别,女,1961-06-02,,140602,1,2024-05-01\n")        // 43
	b.WriteString(good[2].Number() + ",错生日,男,1962-06-04,,140602,1,2024-05-01\n")        // 44
	b.WriteString(good[3].Number() + ",外地,女,1963-06-04,,110000,1,2024-05-01\n")         // 45
	b.WriteString(good[4].Number() + ",后来,女,1964-06-05,,140602,999999999,2024-06-01\n") // 46 replaces record 6
	b.WriteString("合计,,,,,,99,\n")                                                      // 47
	b.WriteString("注：本表由系统导出,,,,,,,\n")                                                 // 48
	return b.String(), good
}

// The whole way: sealed in the raw zone as GB18030, governed from there.
func TestResidentsFromVault(t *testing.T) {
	text, good := persons(t)
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	keys := testKeys(t)
	raw, err := vault.At(filepath.Join(t.TempDir(), "raw"), keys.Quarantine, vault.SM4GCM)
	if err != nil {
		t.Fatal(err)
	}
	w, err := raw.Create("delivery-1", "常住人口")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, gb); err != nil {
		t.Fatal(err)
	}
	obj, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	in := VaultInput(raw, obj)
	in.Received = "2024-07-01"
	dir := t.TempDir()
	res, err := Run(context.Background(), example(t, "residents"), in, dir, keys, nil)
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, dir, res)
	var bad []string
	for _, q := range quarantined(t, dir, res) {
		bad = append(bad, fmt.Sprint(q.Record, " ", q.Rule))
	}
	if fmt.Sprint(bad) != "[6 duplicate 42 id_card 43 sex 44 birth 45 division 47 total 48 note]" {
		t.Errorf("%v", bad)
	}
	if res.Rows != 40 || res.Lineage.Encoding != "gb18030" || res.Lineage.SourceSHA256 != obj.SHA256 {
		t.Errorf("%d rows, %+v", res.Rows, res.Lineage)
	}
	rows := table(t, dir, res)
	if want := engine.Pseudonym(keys.Family, "natural_person", good[0].Number()) + "|2|1960-06-01|140602|0.50|2024-05-01"; rows[0] != want {
		t.Errorf("have %s\nwant %s", rows[0], want)
	}
	if rows[39] != engine.Pseudonym(keys.Family, "natural_person", good[4].Number())+"|2|1964-06-01|140602|∅|2024-06-01" {
		t.Errorf("%s", rows[39])
	}
	if s := res.Report.Score("fresh"); s.Numerator != 1 {
		t.Errorf("fresh %+v", s)
	}
	// Nothing that names a person is in the clear anywhere in the folder.
	for _, f := range visible(t, dir) {
		b, err := os.ReadFile(filepath.Join(dir, f))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(good[7].Number())) || bytes.Contains(b, []byte("张7")) || bytes.Contains(b, []byte("错性别")) {
			t.Errorf("%s holds a name or number in the clear", f)
		}
	}
	if _, err := raw.Destroy("delivery-1"); err != nil {
		t.Fatal(err)
	}
	if again, err := Run(context.Background(), example(t, "residents"), in, t.TempDir(), keys, nil); !errors.Is(err, vault.ErrDestroyed) {
		t.Errorf("destroyed source: %v %v", again, err)
	}
}
