package procedures

import (
	"errors"

	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/agreement"
	"pado/domain/catalogue"
	"pado/domain/governance"
	"pado/domain/product"
)

// Prover answers for one kind of number; store.ErrNotFound passes on to the next.
type Prover func(r *store.ReadTx, no string) (*procedure.Proof, error)

// provers are the kinds of numbers nouns issue besides case numbers and 文号.
var provers = []Prover{
	agreement.Prove,
	catalogue.Prove,
	governance.Prove,
	product.Prove,
}

// Prove answers for any number the platform issues.
func Prove(e *procedure.Engine) Prover {
	return func(r *store.ReadTx, no string) (*procedure.Proof, error) {
		for _, f := range append([]Prover{e.ProveCase}, provers...) {
			p, err := f(r, no)
			if err == nil || !errors.Is(err, store.ErrNotFound) {
				return p, err
			}
		}
		return nil, store.ErrNotFound
	}
}

// Recorded is where a digest stands in the log, and as what.
type Recorded struct {
	Seq  int64
	At   store.Time
	What string
}

// digests are the places a digest may be on record, each with the entry that wrote it down: the
// upload of an attachment, the act that fixed the content of a case, the registration of a product.
var digests = []struct{ What, SQL string }{
	{"附件", `SELECT l.seq, l.at FROM attachment a JOIN audit_leaf l ON l.object = a.id WHERE a.sha256 IN ($1, $2)
		AND NOT EXISTS (SELECT 1 FROM raw_file f WHERE f.sha256 = a.sha256) AND l.action = 'upload' AND l.result = 'done' ORDER BY l.seq LIMIT 1`},
	{"事项内容", `SELECT l.seq, l.at FROM case_event e JOIN audit_leaf l ON l.object = e.case_no AND l.action = e.action AND l.result = 'done' AND l.at >= e.at
		WHERE e.form_digest IN ($1, $2) ORDER BY e.at, l.seq LIMIT 1`},
	{"数据产品登记内容", `SELECT l.seq, l.at FROM product_version v JOIN audit_leaf l ON l.object = v.product AND l.action = 'register' AND l.result = 'done' WHERE v.digest IN ($1, $2) ORDER BY l.seq LIMIT 1`},
	{"数据产品使用限制条件", `SELECT l.seq, l.at FROM product_version v JOIN audit_leaf l ON l.object = v.product AND l.action = 'register' AND l.result = 'done' WHERE v.terms_digest IN ($1, $2) ORDER BY l.seq LIMIT 1`},
}

// ProveDigest finds the first entry of the log that wrote a SHA-256 (lower-case hexadecimal) down;
// store.ErrNotFound when none did. Files of the raw zone are not among them: whether a file of a
// source was delivered is nobody's to try out.
func ProveDigest(r *store.ReadTx, sum string) (Recorded, error) {
	for _, d := range digests {
		found := Recorded{What: d.What}
		err := r.Get(&found, d.SQL, sum, "sha256:"+sum)
		if err == nil || !errors.Is(err, store.ErrNotFound) {
			return found, err
		}
	}
	return Recorded{}, store.ErrNotFound
}
