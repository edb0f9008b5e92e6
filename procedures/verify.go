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
