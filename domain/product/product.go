// Package product holds registered data products (数据产品): the code a product cannot do without,
// its versions, its life until it is retired. See README.md.
package product

import (
	"encoding/json"
	"errors"
	"fmt"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/canon"
	"pado/core/id"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/fielduse"
)

// Product is a registered product (clause 6.3.4). It exists from the moment its code is issued.
// Code is the platform's own; NationalState and NationalNo are of the national registration.
type Product struct {
	ID, Code, Name, Form, ListItem, Agreement, OperatorOrg, Org, Scenario, Purpose, Benefit, Artefact string
	Version                                                                                           int
	State, Issuer, IssuerOrg, Division, DocNo, NationalState, NationalNo, CaseNo                      string
	Registered, Published, Ended                                                                      store.Time
}

const columns = `id, code, name, form, list_item, agreement, operator_org, org, scenario, purpose, benefit, artefact, version, state, issuer, issuer_org,
	division, doc_no, national_state, national_no, case_no, registered, published, ended`

// States of a product.
const (
	Registered = "registered"
	Published  = "published"
	Suspended  = "suspended"
	Retired    = "retired"
)

// States with their Chinese names.
var States = []procedure.Option{{Value: Registered, Label: "已登记"}, {Value: Published, Label: "已上线"}, {Value: Suspended, Label: "已暂停"}, {Value: Retired, Label: "已退出"}}

// Forms with their Chinese names.
var Forms = []procedure.Option{{Value: "api", Label: "数据接口"}, {Value: "model", Label: "模型调用"}, {Value: "report", Label: "数据报告"}}

// Benefits with their Chinese names.
var Benefits = []procedure.Option{{Value: "public", Label: "公益类"}, {Value: "industry", Label: "产业、行业发展类"}}

// NationalStates are how far the national registration has come; it is not the platform's code.
var NationalStates = []procedure.Option{{Value: "not_filed", Label: "未申请"}, {Value: "filed", Label: "已申请"}, {Value: "accepted", Label: "已受理"},
	{Value: "publicised", Label: "公示中"}, {Value: "confirmed", Label: "已登记"}, {Value: "refused", Label: "不予登记"}}

// Param is one declared parameter of a data API. Column is the released column it is compared with.
type Param struct {
	Name     string `json:"name"`
	Title    string `json:"title"`
	Type     string `json:"type"` // of the gateway: string, integer, decimal, date, boolean, uscc
	Column   string `json:"column"`
	Op       string `json:"op"` // eq, ge, le
	Required bool   `json:"required"`
}

// Column is one column a product returns.
type Column struct {
	Name     string `json:"name"`
	Title    string `json:"title"`
	Type     string `json:"type"` // string, integer, decimal, date, boolean
	Nullable bool   `json:"nullable"`
}

// Registration is what a code is issued for.
type Registration struct {
	Name, Form, ListItem, Agreement, OperatorOrg, Org, Scenario, Purpose, Benefit, Artefact, Division string
	Items                                                                                             []string // catalogue items it is built from
	Columns                                                                                           []Column
	Params                                                                                            []Param
	Terms, Safety, Digest                                                                             string
	Issuer, IssuerOrg                                                                                 string
	Code                                                                                              string // empty = the next of the platform's own series
	DocNo, CaseNo, By                                                                                 string
}

// Register issues the code and enters the product with its first version (clause 6.3.4).
// store.ErrConflict when the code is taken. Crash state: all or nothing.
func Register(w *store.Tx, g Registration) (Product, error) {
	year := calendar.DateOf(w.Now()).Y
	if g.Code == "" {
		n, err := w.Next(fmt.Sprintf("product/code/%d", year))
		if err != nil {
			return Product{}, err
		}
		if g.Code, err = id.CaseNo("SJCP", year, n); err != nil {
			return Product{}, err
		}
	}
	n, err := w.Next("product")
	if err != nil {
		return Product{}, err
	}
	p := Product{ID: fmt.Sprintf("dp-%05d", n), Code: g.Code, Name: g.Name, Form: g.Form, ListItem: g.ListItem, Agreement: g.Agreement,
		OperatorOrg: g.OperatorOrg, Org: g.Org, Scenario: g.Scenario, Purpose: g.Purpose, Benefit: g.Benefit, Artefact: g.Artefact, Version: 1,
		State: Registered, Issuer: g.Issuer, IssuerOrg: g.IssuerOrg, Division: g.Division, DocNo: g.DocNo, NationalState: "not_filed", CaseNo: g.CaseNo,
		Registered: store.At(w.Now())}
	if _, err := w.Exec(`INSERT INTO product (`+columns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24)`,
		p.ID, p.Code, p.Name, p.Form, p.ListItem, p.Agreement, p.OperatorOrg, p.Org, p.Scenario, p.Purpose, p.Benefit, p.Artefact, p.Version, p.State,
		p.Issuer, p.IssuerOrg, p.Division, p.DocNo, p.NationalState, p.NationalNo, p.CaseNo, p.Registered, p.Published, p.Ended); err != nil {
		return p, err
	}
	if err := addVersion(w, p, g); err != nil {
		return p, err
	}
	if err := fielduse.Product(w, p.ID, g.By); err != nil {
		return p, err
	}
	w.Record(audit.Entry{Type: "product.register", Actor: g.By, Org: g.IssuerOrg, Object: p.ID, Version: 1, Action: "register", To: Registered, Clause: "6.3.4",
		Detail: map[string]string{"code": p.Code, "case": p.CaseNo, "artefact": p.Artefact, "digest": g.Digest}})
	return p, nil
}

func addVersion(w *store.Tx, p Product, g Registration) error {
	items, err1 := json.Marshal(g.Items)
	cols, err2 := json.Marshal(g.Columns)
	params, err3 := json.Marshal(g.Params)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	_, err := w.Exec(`INSERT INTO product_version (product, version, artefact, items, columns, params, terms, terms_digest, safety, digest, case_no, at)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)`, p.ID, p.Version, g.Artefact, string(items), string(cols), string(params), g.Terms,
		canon.Digest([]byte(g.Terms)), g.Safety, g.Digest, g.CaseNo, store.At(w.Now()))
	return err
}

// Version is what one version of a product serves.
type Version struct {
	Product, Artefact, Items, Columns, Params, Terms, TermsDigest, Safety, Digest, CaseNo string
	Version                                                                               int
	At                                                                                    store.Time
}

const versionColumns = `product, version, artefact, items, columns, params, terms, terms_digest, safety, digest, case_no, at`

// CurrentVersion reads the version in force.
func CurrentVersion(r *store.ReadTx, p Product) (v Version, err error) {
	return v, r.Get(&v, `SELECT `+versionColumns+` FROM product_version WHERE product = $1 AND version = $2`, p.ID, p.Version)
}

// ByID reads a product.
func ByID(r *store.ReadTx, id string) (p Product, err error) {
	return p, r.Get(&p, `SELECT `+columns+` FROM product WHERE id = $1`, id)
}

// ByCode reads a product by its registration code.
func ByCode(r *store.ReadTx, code string) (p Product, err error) {
	return p, r.Get(&p, `SELECT `+columns+` FROM product WHERE code = $1`, code)
}

// ByCase reads the product a registration case led to.
func ByCase(r *store.ReadTx, caseNo string) (p Product, err error) {
	return p, r.Get(&p, `SELECT `+columns+` FROM product WHERE case_no = $1`, caseNo)
}

// Move changes a product's state: publish, suspend, resume, retire. store.ErrConflict when it is not
// in the state the act starts from.
func Move(w *store.Tx, id, act, person, caseNo string) error {
	now := store.At(w.Now())
	entry := audit.Entry{Type: "product.state", Actor: person, Object: id, Action: act, Detail: map[string]string{"case": caseNo}}
	switch act {
	case "publish":
		entry.To, entry.Clause = Published, "6.3.5"
		if err := w.ExecOne(`UPDATE product SET state = 'published', published = $1 WHERE id = $2 AND state = 'registered'`, now, id); err != nil {
			return err
		}
	case "retire":
		entry.To, entry.Clause = Retired, "10.1.2"
		if err := w.ExecOne(`UPDATE product SET state = 'retired', ended = $1 WHERE id = $2 AND state <> 'retired'`, now, id); err != nil {
			return err
		}
	case "suspend", "resume":
		entry.From, entry.To, entry.Clause = Published, Suspended, "10.7.3"
		if act == "resume" {
			entry.From, entry.To = Suspended, Published
		}
		if err := w.ExecOne(`UPDATE product SET state = $1 WHERE id = $2 AND state = $3`, entry.To, id, entry.From); err != nil {
			return err
		}
	default:
		return fmt.Errorf("product %s: no act %q", id, act)
	}
	w.Record(entry)
	return nil
}

// SetNational keeps how far the national registration has come and its confirmation number. It says
// nothing about the product: that registration is another body's act, a check of form only.
func SetNational(w *store.Tx, id, state, no, person, caseNo string) error {
	if err := w.ExecOne(`UPDATE product SET national_state = $1, national_no = $2 WHERE id = $3`, state, no, id); err != nil {
		return err
	}
	w.Record(audit.Entry{Type: "product.national", Actor: person, Object: id, Action: "note", To: state, Clause: "6.3.4", Detail: map[string]string{"case": caseNo, "no": orNone(no)}})
	return nil
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// Check is one verdict of the compliance review (clause 6.3.4), bound to the digest of what was
// applied for.
type Check struct {
	CaseNo, Code, Label, Detail, Digest string
	N                                   int
	Passed                              bool
	At                                  store.Time
}

const checkColumns = `case_no, n, code, label, passed, detail, digest, at`

// KeepChecks replaces the verdicts of a case.
func KeepChecks(w *store.Tx, caseNo, digest string, checks []Check) error {
	if _, err := w.Exec(`DELETE FROM compliance_check WHERE case_no = $1`, caseNo); err != nil {
		return err
	}
	for i, c := range checks {
		if _, err := w.Exec(`INSERT INTO compliance_check (`+checkColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)`, caseNo, i+1, c.Code, c.Label, c.Passed, c.Detail, digest,
			store.At(w.Now())); err != nil {
			return err
		}
	}
	return nil
}

// Checks of a case.
func Checks(r *store.ReadTx, caseNo string) (out []Check, err error) {
	return out, r.Select(&out, `SELECT `+checkColumns+` FROM compliance_check WHERE case_no = $1 ORDER BY n`, caseNo)
}

// Prove answers for a registration code: that it was issued, by whom, for what. store.ErrNotFound
// for any other number.
func Prove(r *store.ReadTx, no string) (*procedure.Proof, error) {
	p, err := ByCode(r, no)
	if err != nil {
		return nil, err
	}
	v, err := CurrentVersion(r, p)
	if err != nil {
		return nil, err
	}
	var organ string
	if err := r.Get(&organ, `SELECT name FROM org WHERE id = $1`, p.IssuerOrg); errors.Is(err, store.ErrNotFound) {
		organ = p.IssuerOrg
	} else if err != nil {
		return nil, err
	}
	proof := &procedure.Proof{No: no, Title: p.Name, Kind: "数据产品登记编码", State: procedure.LabelOf(States, p.State), Organ: organ, At: p.Registered, Digest: v.Digest, Seq: -1}
	if err := r.Get(&proof.Seq, `SELECT seq FROM audit_leaf WHERE object = $1 AND action = 'register' ORDER BY seq LIMIT 1`, p.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	return proof, nil
}
