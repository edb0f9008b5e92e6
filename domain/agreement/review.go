package agreement

import (
	"encoding/json"
	"fmt"

	"pado/core/store"
)

// Expert is one expert of a justification with their opinion.
type Expert struct {
	Name    string `json:"name"`
	Unit    string `json:"unit"`
	Field   string `json:"field"`
	Opinion string `json:"opinion"`
}

// Review is what a reviewing person concluded on a scheme: legality (合法性审查) or expert
// justification (专家论证), clause 6.1.1.
type Review struct {
	CaseNo     string
	N          int
	Kind       string // legality or expert
	Conclusion string
	Experts    string // JSON of []Expert
	Person     string
	At         store.Time
}

// AddReview writes a conclusion down. Conclusions are only ever added: a scheme that was
// returned and revised is reviewed again.
func AddReview(w *store.Tx, caseNo, kind, conclusion string, experts []Expert, person string) error {
	if experts == nil {
		experts = []Expert{}
	}
	b, err := json.Marshal(experts)
	if err != nil {
		return err
	}
	var last int
	if err := w.Get(&last, `SELECT COALESCE(MAX(n), 0) FROM scheme_review WHERE case_no = $1`, caseNo); err != nil {
		return err
	}
	_, err = w.Exec(`INSERT INTO scheme_review (case_no, n, kind, conclusion, experts, person, at) VALUES ($1,$2,$3,$4,$5,$6,$7)`,
		caseNo, last+1, kind, conclusion, string(b), person, store.At(w.Now()))
	return err
}

// Reviews lists the conclusions in a case in the order they were given.
func Reviews(r *store.ReadTx, caseNo string) ([]Review, error) {
	var out []Review
	return out, r.Select(&out, `SELECT case_no, n, kind, conclusion, experts, person, at FROM scheme_review WHERE case_no = $1 ORDER BY n`, caseNo)
}

// Panel decodes the experts of a review.
func (v Review) Panel() ([]Expert, error) {
	var out []Expert
	if err := json.Unmarshal([]byte(v.Experts), &out); err != nil {
		return nil, fmt.Errorf("read review %d of %s: %w", v.N, v.CaseNo, err)
	}
	return out, nil
}
