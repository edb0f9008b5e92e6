package procedure

import (
	"context"
	"errors"

	"pado/core/store"
)

// Irrevocable tells the consequence of an act on a case as it stands, as the declaration states
// it; empty for what can be taken back. Signing in the inner chain (签发) cannot: with it the act
// exists in the organisation's name. A case or an act that is not there for the actor is nothing
// to confirm: Do answers for it.
func (e *Engine) Irrevocable(ctx context.Context, a Actor, no, action string) (consequence string, err error) {
	err = e.db.View(ctx, func(r *store.ReadTx) error {
		c, p, err := e.visible(r, a, no)
		if err != nil {
			return err
		}
		if com, ok := commonActs[action]; ok {
			consequence = com.irrev
			return nil
		}
		if action == "chain_sign" {
			consequence = "签发后即以本单位名义生效"
			return nil
		}
		if step, ok := p.Step(action, c.State); ok {
			consequence = step.Irrevocable
		}
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return consequence, err
}
