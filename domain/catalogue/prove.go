package catalogue

import (
	"pado/core/procedure"
	"pado/core/store"
)

// Prove answers for the code or id of a catalogue item; store.ErrNotFound for any other number.
func Prove(r *store.ReadTx, no string) (*procedure.Proof, error) {
	var id string
	if err := r.Get(&id, `SELECT id FROM catalogue_item WHERE id = $1 OR code = $1`, no); err != nil {
		return nil, err
	}
	it, err := ByID(r, id)
	if err != nil {
		return nil, err
	}
	p := &procedure.Proof{No: no, Kind: "资源代码", Title: it.Title, State: "已发布", At: it.Published, Digest: it.Digest, Seq: -1}
	if it.State == StateWithdrawn {
		p.State = "已撤销"
	}
	for _, q := range []struct {
		dst any
		sql string
		arg string
	}{{&p.Organ, `SELECT name FROM org WHERE id = $1`, it.SourceOrg},
		{&p.Seq, `SELECT seq FROM audit_leaf WHERE object = $1 AND result = 'done' ORDER BY seq DESC LIMIT 1`, it.ID}} {
		if err := r.Get(q.dst, q.sql, q.arg); err != nil && !missing(err) {
			return nil, err
		}
	}
	return p, nil
}
