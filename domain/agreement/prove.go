package agreement

import (
	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
)

// Prove answers for the numbers on this room's papers: the number or id of an agreement, the id
// of a mandate or scheme. store.ErrNotFound for any other.
func Prove(r *store.ReadTx, no string) (*procedure.Proof, error) {
	today := calendar.DateOf(r.Now())
	var a Agreement
	err := r.Get(&a, `SELECT `+agreementColumns+` FROM agreement WHERE no = $1 OR id = $2`, no, no)
	if err == nil {
		return proof(r, no, "授权运营协议", a.Title, a.Status(today), a.AuthorityOrg, a.Created, a.Digest, a.ID)
	}
	if !missing(err) {
		return nil, err
	}
	s, err := SchemeByID(r, no)
	if err == nil {
		return proof(r, no, "实施方案", s.Title, s.Status(today), s.GovernmentOrg, s.Created, s.Digest, s.ID)
	}
	if !missing(err) {
		return nil, err
	}
	m, err := MandateByID(r, no)
	if err != nil {
		return nil, err
	}
	return proof(r, no, "授权依据", m.Title, m.Status(today), m.GovernmentOrg, m.Created, m.Digest, m.ID)
}

func proof(r *store.ReadTx, no, kind, title string, status Status, org string, at store.Time, digest, object string) (*procedure.Proof, error) {
	organ, err := orgName(r, org)
	if err != nil {
		return nil, err
	}
	p := &procedure.Proof{No: no, Kind: kind, Title: title, State: status.Label(), Organ: organ, At: at, Digest: digest, Seq: -1}
	err = r.Get(&p.Seq, `SELECT seq FROM audit_leaf WHERE object = $1 AND result = 'done' ORDER BY seq LIMIT 1`, object)
	if missing(err) {
		err = nil
	}
	return p, err
}
