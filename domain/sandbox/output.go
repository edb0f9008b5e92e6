package sandbox

import (
	"fmt"
	"math"
	"regexp"
	"strings"

	"pado/core/canon"
	"pado/core/id"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/sandbox/guard/policy"
)

// Check is one automatic verdict on the bytes of an output (clause 6.3.3), bound to their digest.
type Check struct {
	CaseNo              string
	Run, N              int
	Code, Label, Detail string
	Passed              bool
	Digest              string
	At                  store.Time
}

// Finding is a value that looks like primary data or personal information. It can never be
// overridden: two persons may close it as a false positive, and the checks run again.
type Finding struct {
	CaseNo, Finding, Kind, Place           string
	FirstBy, FirstSay, SecondBy, SecondSay string
}

// Closed: two different persons called it a false positive.
func (f Finding) Closed() bool {
	return f.FirstBy != "" && f.SecondBy != "" && f.FirstBy != f.SecondBy
}

const (
	checkColumns   = `case_no, run, n, code, label, passed, detail, digest, at`
	findingColumns = `case_no, finding, kind, place, first_by, first_say, second_by, second_say`
)

// Codes of the automatic checks.
const (
	CheckAnswered  = "output.answered"
	CheckSize      = "output.size"
	CheckColumns   = "output.columns"
	CheckUnits     = "output.units"
	CheckPersonal  = "output.personal"
	CheckPrecision = "output.precision"
)

// RunChecks runs every automatic check over the artefact of a question and keeps the verdicts as the
// next run of the case. It returns the digest they are bound to.
func RunChecks(w *store.Tx, caseNo string, q Question, p Project, n Numbers) (string, error) {
	st, err := q.ReadAnswer()
	if err != nil {
		return "", err
	}
	b, cols, err := Encode(st)
	if err != nil {
		return "", err
	}
	digest := ArtefactDigest(b)
	doc, err := p.readPolicy()
	if err != nil {
		return "", err
	}
	found := scan(st)
	for _, f := range found {
		if _, err := w.Exec(`INSERT INTO output_finding (case_no, finding, kind, place) VALUES ($1,$2,$3,$4) ON CONFLICT (case_no, finding) DO NOTHING`,
			caseNo, f.Finding, f.Kind, f.Place); err != nil {
			return "", err
		}
	}
	open, err := openFindings(&w.ReadTx, caseNo, found)
	if err != nil {
		return "", err
	}
	var last int
	if err := w.Get(&last, `SELECT COALESCE(MAX(run), 0) FROM output_check WHERE case_no = $1`, caseNo); err != nil {
		return "", err
	}
	checks := []Check{
		answered(q, st), size(st, n), forbidden(cols, doc), units(st, n), personal(open), precision(st),
	}
	for i, c := range checks {
		if _, err := w.Exec(`INSERT INTO output_check (`+checkColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)`, caseNo, last+1, i+1, c.Code, c.Label, c.Passed,
			c.Detail, digest, store.At(w.Now())); err != nil {
			return "", err
		}
	}
	return digest, nil
}

func answered(q Question, st Stored) Check {
	c := Check{Code: CheckAnswered, Label: "是受控查询的答复", Passed: q.State == "answered" && len(st.Rows) > 0, Detail: fmt.Sprintf("%d 行", len(st.Rows))}
	if !c.Passed {
		c.Detail = "不是已释放的答复，或者答复没有任何一行"
	}
	return c
}

func size(st Stored, n Numbers) Check {
	cells := int64(len(st.Rows) * len(st.Columns))
	return Check{Code: CheckSize, Label: "规模不超过上限", Passed: cells <= n.MaxCells, Detail: fmt.Sprintf("%d 个单元格，上限 %d", cells, n.MaxCells)}
}

// forbidden looks for columns of the project's tables that may never leave.
func forbidden(cols []ArtefactColumn, doc *policy.Policy) Check {
	bad := map[string]bool{}
	for _, t := range doc.Tables {
		for name, c := range t.Columns {
			if c.Label == policy.Forbidden || c.Label == policy.Unit || c.Label == policy.JoinOnly {
				bad[strings.ToLower(name)] = true
				if c.Title != "" {
					bad[c.Title] = true
				}
			}
		}
	}
	var hit []string
	for _, c := range cols {
		if bad[strings.ToLower(c.Name)] || bad[c.Title] {
			hit = append(hit, c.Title)
		}
	}
	c := Check{Code: CheckColumns, Label: "不含禁止出域的字段", Passed: len(hit) == 0, Detail: "未发现"}
	if len(hit) > 0 {
		c.Detail = "含有：" + strings.Join(hit, "、")
	}
	return c
}

// units: a plain count of fewer units than k is too small to leave. A withheld cell is no count, and
// figures with noise are kept by the budget instead; how many of them are small is for the reviewer.
func units(st Stored, n Numbers) Check {
	small, noised := 0, 0
	for i, col := range st.Columns {
		if col.From != "figure" {
			continue
		}
		for _, row := range st.Rows {
			if i >= len(row) {
				continue
			}
			v, ok := row[i].(float64)
			switch {
			case !ok || v == 0 || math.Abs(v) >= float64(n.MinUnits):
			case col.Type == "int":
				small++
			default:
				noised++
			}
		}
	}
	c := Check{Code: CheckUnits, Label: "未加噪的计数不少于最少个体数", Passed: small == 0, Detail: fmt.Sprintf("最少个体数 %d", n.MinUnits)}
	if noised > 0 {
		c.Detail += fmt.Sprintf("；另有 %d 个加噪的数值小于 %d，由噪声和隐私预算保护，请审查时留意", noised, n.MinUnits)
	}
	if small > 0 {
		c.Detail = fmt.Sprintf("有 %d 个计数小于 %d，请改用更粗的分组后重新提问", small, n.MinUnits)
	}
	return c
}

func personal(open []Finding) Check {
	c := Check{Code: CheckPersonal, Label: "不含原始数据和个人信息", Passed: len(open) == 0, Detail: "未发现证件号码、手机号码、统一社会信用代码等标识"}
	if len(open) > 0 {
		c.Detail = fmt.Sprintf("疑似 %d 处：%s", len(open), open[0].Kind)
	}
	return c
}

// precision: figures leave with at most four significant digits, however they were computed.
func precision(st Stored) Check {
	long := 0
	for i, col := range st.Columns {
		if col.Type != "number" || col.From != "figure" && col.From != "derived" {
			continue
		}
		for _, row := range st.Rows {
			if i < len(row) {
				if v, ok := row[i].(float64); ok && significant(v) > 4 {
					long++
				}
			}
		}
	}
	return Check{Code: CheckPrecision, Label: "数值精度不超过四位有效数字", Passed: long == 0, Detail: fmt.Sprintf("超出 %d 处", long)}
}

func significant(v float64) int {
	s := strings.TrimLeft(strings.Replace(fmt.Sprintf("%.12g", math.Abs(v)), ".", "", 1), "0")
	if i := strings.IndexByte(s, 'e'); i >= 0 {
		s = s[:i]
	}
	return len(strings.TrimRight(s, "0"))
}

// runs of characters an identifier could hide in, and runs of digits that are as long as a
// mobile number.
var (
	token  = regexp.MustCompile(`[0-9A-Za-z]{18,}`)
	digits = regexp.MustCompile(`[0-9]+`)
)

// kindOf tells what kind of identifier stands somewhere in the text; "" for none. Identifiers with
// check digits are looked for at every place of a longer run, so that a prefix does not hide one.
func kindOf(text string) string {
	for _, t := range token.FindAllString(text, 50) {
		for i := 0; i+18 <= len(t) && i < 1000; i++ {
			if _, err := id.ParseIDCard(t[i : i+18]); err == nil {
				return "公民身份号码"
			}
			if _, err := id.ParseUSCC(t[i : i+18]); err == nil {
				return "统一社会信用代码"
			}
		}
	}
	for _, d := range digits.FindAllString(text, 50) {
		if _, err := id.ParseMobile(d); err == nil {
			return "手机号码"
		}
	}
	return ""
}

// scan looks for values that name a person or an organisation in every text of the answer, column
// names included. A finding is named by a digest, so that closing it closes exactly this value at
// this place and nothing of the value is kept.
func scan(st Stored) []Finding {
	var out []Finding
	look := func(place, text string) {
		if kind := kindOf(text); kind != "" {
			out = append(out, Finding{Finding: canon.Digest([]byte(place + "\n" + text)), Kind: kind, Place: place})
		}
	}
	for i, c := range st.Columns {
		look(fmt.Sprintf("第%d列列名", i+1), c.Name)
	}
	for r, row := range st.Rows {
		for i, v := range row {
			switch x := v.(type) {
			case string:
				look(fmt.Sprintf("第%d行第%d列", r+1, i+1), x)
			case float64:
				if i < len(st.Columns) && st.Columns[i].From != "figure" && st.Columns[i].From != "derived" {
					look(fmt.Sprintf("第%d行第%d列", r+1, i+1), fmt.Sprintf("%.0f", x))
				}
			}
		}
	}
	return out
}

func openFindings(r *store.ReadTx, caseNo string, found []Finding) ([]Finding, error) {
	known, err := Findings(r, caseNo)
	if err != nil {
		return nil, err
	}
	closed := map[string]bool{}
	for _, f := range known {
		closed[f.Finding] = f.Closed()
	}
	var open []Finding
	for _, f := range found {
		if !closed[f.Finding] {
			open = append(open, f)
		}
	}
	return open, nil
}

// Findings of a case, closed ones included.
func Findings(r *store.ReadTx, caseNo string) (out []Finding, err error) {
	return out, r.Select(&out, `SELECT `+findingColumns+` FROM output_finding WHERE case_no = $1 ORDER BY place, finding`, caseNo)
}

// CallFalse records that a person holds every open finding of the case to be a false positive. The
// first person opens it, a second and different one closes it.
func CallFalse(w *store.Tx, caseNo, person, say string, second bool) error {
	set := `UPDATE output_finding SET first_by = $1, first_say = $2 WHERE case_no = $3 AND first_by = ''`
	if second {
		set = `UPDATE output_finding SET second_by = $1, second_say = $2 WHERE case_no = $3 AND first_by <> '' AND first_by <> $1 AND second_by = ''`
	}
	n, err := w.Exec(set, person, say, caseNo)
	if err == nil && n == 0 {
		return fmt.Errorf("close the findings of %s: %w", caseNo, store.ErrConflict)
	}
	return err
}

// Checks are the verdicts of the newest run of a case.
func Checks(r *store.ReadTx, caseNo string) (out []Check, err error) {
	return out, r.Select(&out, `SELECT `+checkColumns+` FROM output_check WHERE case_no = $1 AND run = (SELECT MAX(run) FROM output_check WHERE case_no = $1) ORDER BY n`, caseNo)
}

// Clean tells whether every check of the newest run passed on this very digest.
func Clean(checks []Check, digest string) bool {
	for _, c := range checks {
		if !c.Passed || c.Digest != digest {
			return false
		}
	}
	return len(checks) > 0
}

// Verdicts of a reviewer with their Chinese names.
var Verdicts = []procedure.Option{{Value: "release", Label: "同意出域"}, {Value: "return", Label: "退回修改"}, {Value: "refuse", Label: "不予出域"}}

// Opinion is one reviewer's, given without sight of the others', on one digest.
type Opinion struct {
	CaseNo, Person, PersonName, Org, Verdict, Say, Digest string
	At                                                    store.Time
}

const opinionColumns = `case_no, person, person_name, org, verdict, say, digest, at`

// Opine keeps a reviewer's opinion; the same person's later one replaces it.
func Opine(w *store.Tx, o Opinion) error {
	_, err := w.Exec(`INSERT INTO output_opinion (`+opinionColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8) ON CONFLICT (case_no, person) DO UPDATE SET
		verdict = excluded.verdict, say = excluded.say, digest = excluded.digest, at = excluded.at`, o.CaseNo, o.Person, o.PersonName, o.Org, o.Verdict, o.Say, o.Digest, store.At(w.Now()))
	return err
}

// Opinions on a digest, in the order they were given.
func Opinions(r *store.ReadTx, caseNo, digest string) (out []Opinion, err error) {
	return out, r.Select(&out, `SELECT `+opinionColumns+` FROM output_opinion WHERE case_no = $1 AND digest = $2 ORDER BY at, person`, caseNo, digest)
}

// OutputDigest is the digest an answer would be released under.
func OutputDigest(q Question) (string, error) {
	st, err := q.ReadAnswer()
	if err != nil {
		return "", err
	}
	b, _, err := Encode(st)
	return ArtefactDigest(b), err
}

// preview decodes the columns for a page.
func preview(st Stored, rows int) ([]procedure.Column, []map[string]any) {
	var cols []procedure.Column
	for i, c := range st.Columns {
		kind := "text"
		if c.Type == "int" {
			kind = "int"
		}
		cols = append(cols, procedure.Column{Key: fmt.Sprintf("c%d", i), Label: c.Name, Kind: kind})
	}
	var out []map[string]any
	for i, row := range st.Rows {
		if i == rows {
			break
		}
		m := map[string]any{}
		for k := range st.Columns {
			if k < len(row) {
				m[fmt.Sprintf("c%d", k)] = row[k]
			}
		}
		out = append(out, m)
	}
	return cols, out
}

// AnswerSection shows the bytes under review as a table, at most 200 rows.
func AnswerSection(q Question) (procedure.Section, error) {
	st, err := q.ReadAnswer()
	if err != nil {
		return procedure.Section{}, err
	}
	cols, rows := preview(st, 200)
	s := procedure.Section{Kind: "table", Columns: cols, Rows: rows}
	if len(st.Rows) > 200 {
		s.Note = fmt.Sprintf("共 %d 行，这里显示前 200 行", len(st.Rows))
	}
	return s, nil
}
