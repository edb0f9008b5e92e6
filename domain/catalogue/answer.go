package catalogue

import (
	"fmt"

	"pado/core/audit"
	"pado/core/procedure"
	"pado/core/store"
)

// Where an answer is shown.
const (
	ShownPublic   = "public"   // on item pages, for everybody
	ShownPlatform = "platform" // on item pages, for those who are signed in
	ShownCase     = "case"     // to the parties of the case only
)

// Shown are the choices of a source that answers.
var Shown = options{{Value: ShownPublic, Label: "写入释义并向社会公开"}, {Value: ShownPlatform, Label: "写入释义，登录后可见"}, {Value: ShownCase, Label: "只答复提问人"}}

// FieldAnswer is what a source said about an information item ("" = the whole item) that was asked
// about (clause 10.1.1).
type FieldAnswer struct {
	CaseNo, Item, Field, Question, Answer string
	Shown, Org, Person                    string
	N                                     int
	At                                    store.Time
}

const answerColumns = `case_no, n, item, field, question, answer, shown, org, person, at`

// Document enters an answer; a further answer in the same case takes the place of the one before on
// item pages, both stay on record. It fills N and At.
func Document(w *store.Tx, x FieldAnswer) (FieldAnswer, error) {
	if err := w.Get(&x.N, `SELECT COALESCE(MAX(n), 0) + 1 FROM field_answer WHERE case_no = $1`, x.CaseNo); err != nil {
		return x, err
	}
	x.At = store.At(w.Now())
	if _, err := w.Exec(`INSERT INTO field_answer (`+answerColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)`,
		x.CaseNo, x.N, x.Item, x.Field, x.Question, x.Answer, x.Shown, x.Org, x.Person, x.At); err != nil {
		return x, err
	}
	w.Record(audit.Entry{Type: "catalogue.answer", Actor: x.Person, Org: x.Org, Object: x.Item, Action: "answer", Clause: "10.1.1", Result: audit.Done,
		Values: map[string]string{"answer": x.Answer}, Detail: map[string]string{"case": x.CaseNo, "field": x.Field, "shown": x.Shown}})
	return x, nil
}

// Thread lists the answers of a case in their order.
func Thread(r *store.ReadTx, caseNo string) (out []FieldAnswer, err error) {
	return out, r.Select(&out, `SELECT `+answerColumns+` FROM field_answer WHERE case_no = $1 ORDER BY n`, caseNo)
}

// answered reads the documentation of an item: the last answer of every case, as far as it is shown,
// by field, and all of them as a section.
func answered(r *store.ReadTx, it Item, inside bool) (map[string]string, procedure.Section, error) {
	s := procedure.Section{Kind: "table", Title: "问答", Clause: "10.1.1", Columns: []procedure.Column{{Key: "field", Label: "信息项", Kind: "text", Primary: true},
		{Key: "question", Label: "问", Kind: "text"}, {Key: "answer", Label: "答", Kind: "text"}, {Key: "at", Label: "答复时间", Kind: "datetime"}}}
	var rows []FieldAnswer
	if err := r.Select(&rows, `SELECT `+answerColumns+` FROM field_answer a WHERE item = $1 AND shown <> 'case'
		AND NOT EXISTS (SELECT 1 FROM field_answer b WHERE b.case_no = a.case_no AND b.n > a.n) ORDER BY at, case_no`, it.ID); err != nil {
		return nil, s, err
	}
	labels := map[string]string{}
	for _, f := range it.Fields {
		labels[f.Name] = fmt.Sprintf("%s（%s）", f.Label, f.Name)
	}
	notes := map[string]string{}
	for _, x := range rows {
		if x.Shown != ShownPublic && !inside {
			continue
		}
		name, there := labels[x.Field]
		switch {
		case x.Field == "":
			name = "（全部）"
		case !there:
			name = x.Field + "（已删除）"
		}
		if x.Field != "" {
			if notes[x.Field] != "" {
				notes[x.Field] += "；"
			}
			notes[x.Field] += x.Answer
		}
		s.Rows = append(s.Rows, map[string]any{"field": name, "question": x.Question, "answer": x.Answer, "at": x.At})
	}
	return notes, s, nil
}
