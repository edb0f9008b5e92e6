package governance

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"pado/core/secret"
	"pado/core/store"
	"pado/domain/governance/connector"
)

func credentialLabel(caseNo string) string { return "connector/" + caseNo }

// Seal seals a small secret under the KEK for the place called label.
type Seal func(label string, plain []byte, rnd io.Reader) ([]byte, error)

// Seal is the Runner's own.
func (r *Runner) Seal(label string, plain []byte, rnd io.Reader) ([]byte, error) {
	return secret.Seal(r.c.KEK, label, plain, rnd)
}

// PutCredential seals the account of a case's connection, for the server that is declared at the
// time; an earlier one is written over. It is never given out again but to that server, and is in
// no entry and no error.
func PutCredential(w *store.Tx, seal Seal, caseNo string, to connector.Spec, s connector.Secret, person, org string) error {
	plain, err := json.Marshal(sealedAccount{s, to.Server()})
	if err != nil {
		return err
	}
	label := credentialLabel(caseNo)
	sealed, err := seal(label, plain, w.Rand())
	if err != nil {
		return err
	}
	if _, err := w.Exec(`INSERT INTO sealed_secret (id, kind, sealed, created) VALUES ($1,$2,$3,$4) ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed, created = excluded.created`,
		label, "connector", sealed, store.At(w.Now())); err != nil {
		return err
	}
	// What the old account was tested with says nothing of the new one.
	if _, err := w.Exec(`DELETE FROM connector_probe WHERE case_no = $1`, caseNo); err != nil {
		return err
	}
	record(w, "governance.credential", person, org, label, "seal", "sealed", map[string]string{"case": caseNo})
	return nil
}

// CredentialSet tells since when a case's connection has an account; zero = it has none.
func CredentialSet(r *store.ReadTx, caseNo string) (store.Time, error) {
	var at store.Time
	err := r.Get(&at, `SELECT created FROM sealed_secret WHERE id = $1 AND retired IS NULL`, credentialLabel(caseNo))
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return at, err
}

func (r *Runner) credential(ctx context.Context, caseNo string, to connector.Spec) (connector.Secret, error) {
	var k sealedAccount
	var sealed []byte
	err := r.c.DB.View(ctx, func(x *store.ReadTx) (err error) { sealed, err = x.Secret(credentialLabel(caseNo)); return err })
	if errors.Is(err, store.ErrNotFound) {
		return k.Secret, nil // a folder needs none; the others say that it is missing
	}
	if err != nil {
		return k.Secret, err
	}
	plain, err := secret.Open(r.c.KEK, credentialLabel(caseNo), sealed)
	if err != nil {
		return k.Secret, err
	}
	if err := json.Unmarshal(plain, &k); err != nil {
		return connector.Secret{}, err
	}
	if k.For != to.Server() {
		return connector.Secret{}, errElsewhere
	}
	return k.Secret, nil
}
