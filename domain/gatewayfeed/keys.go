package gatewayfeed

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/id"
	"pado/core/procedure"
	"pado/core/secret"
	"pado/core/store"
	"pado/domain/gateway"
	"pado/domain/party"
	"pado/plan"
)

// Keys issues and revokes the keys of orders. KEK seals their secrets.
type Keys struct {
	DB  *store.DB
	KEK []byte
}

// KeyInfo is what may be shown of a key: everything but its secret.
type KeyInfo struct {
	ID, Order, Algorithm string
	Active               bool
	Created              store.Time
	CreatedBy            string
	Ends                 store.Time // the last instant of a key that is being replaced; zero = none
	Replaces             string
	Revoked              store.Time
	Path                 string // address of the product's call
}

// IssuedKey is a new key. Secret is given out here and never again: hexadecimal, 32 bytes.
type IssuedKey struct {
	KeyInfo
	Secret string
}

// MaxKeys is how many keys of one order can be active at once.
const MaxKeys = 5

// Overlap is how long a key still works after another was issued in its place, so that a
// customer's programs can be changed over without a gap.
const Overlap = 24 * time.Hour

const secretSize = 32

// label is the place a secret is sealed for.
func label(key string) string { return "api_key/" + key }

var ordering = plan.C("1.7b")

// Issue makes a key of an order for its customer (1.7b, 6.2.4). replaces may name an active key
// of the order, which then ends after Overlap. store.ErrNotFound when the order is not
// there or not of an organisation the actor holds a customer's desk in; *procedure.Refused when
// the order is over, has too many keys or the algorithm is unknown. Crash state: a key whose
// answer was lost exists and can be revoked; nobody has its secret.
func (k Keys) Issue(ctx context.Context, a procedure.Actor, order, algorithm, replaces string) (out IssuedKey, err error) {
	if algorithm == "" {
		algorithm = string(gateway.HMACSHA256)
	}
	_, err = k.DB.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		desk, err := mine(&w.ReadTx, a, order)
		if err != nil {
			return audit.Entry{}, err
		}
		if algorithm != string(gateway.HMACSHA256) && algorithm != string(gateway.HMACSM3) {
			return audit.Entry{}, procedure.Refuse("key.algorithm", ordering, "签名算法应为 HMAC-SHA256 或 HMAC-SM3")
		}
		if err := w.Lock("orders", "id", order); err != nil {
			return audit.Entry{}, err
		}
		var o struct {
			State, Product string
			ValidTo        calendar.Date
		}
		if err := w.Get(&o, `SELECT state, product, valid_to FROM orders WHERE id = $1`, order); err != nil {
			return audit.Entry{}, err
		}
		if o.State != "active" || calendar.DateOf(w.Now()).After(o.ValidTo) {
			return audit.Entry{}, procedure.Refuse("key.order", ordering, "订单已终止或到期，不能签发密钥")
		}
		now := store.At(w.Now())
		if replaces != "" {
			n, err := w.Exec(`UPDATE api_key SET ends = $1 WHERE id = $2 AND order_id = $3 AND state = 'active' AND ends IS NULL`,
				store.At(w.Now().Add(Overlap)), replaces, order)
			if err != nil {
				return audit.Entry{}, err
			}
			if n == 0 {
				return audit.Entry{}, procedure.Refuse("key.replaces", ordering, "要轮换的密钥不存在、已吊销或已在轮换中")
			}
		}
		var active int
		if err := w.Get(&active, `SELECT COUNT(*) FROM api_key WHERE order_id = $1 AND state = 'active' AND (ends IS NULL OR ends > $2)`, order, now); err != nil {
			return audit.Entry{}, err
		}
		if active >= MaxKeys {
			return audit.Entry{}, procedure.Refuse("key.many", ordering, "该订单已有 %d 个有效密钥，请先吊销不用的", active)
		}
		no, err := id.New(w.Rand(), "k")
		if err != nil {
			return audit.Entry{}, err
		}
		plain := make([]byte, secretSize)
		if _, err := io.ReadFull(w.Rand(), plain); err != nil {
			return audit.Entry{}, fmt.Errorf("draw a secret: %w", err)
		}
		sealed, err := secret.Seal(k.KEK, label(no), plain, w.Rand())
		if err != nil {
			return audit.Entry{}, fmt.Errorf("seal a secret: %w", err)
		}
		if _, err := w.Exec(`INSERT INTO api_key (id, order_id, algorithm, sealed, state, created, created_by, replaces) VALUES ($1,$2,$3,$4,'active',$5,$6,$7)`,
			no, order, algorithm, sealed, now, a.Person, replaces); err != nil {
			return audit.Entry{}, err
		}
		out = IssuedKey{KeyInfo{ID: no, Order: order, Algorithm: algorithm, Active: true, Created: now, CreatedBy: a.Person, Replaces: replaces,
			Path: gateway.InvokePath(o.Product)}, hex.EncodeToString(plain)}
		detail := map[string]string{"order": order, "algorithm": algorithm}
		if replaces != "" {
			detail["replaces"] = replaces
		}
		return audit.Entry{Type: "key.issue", Actor: a.Person, Org: desk.Org, Behalf: desk.Behalf, Object: no, Action: "issue", To: "active", Clause: ordering.ID,
			Result: audit.Done, Detail: detail}, bump(w)
	})
	if err != nil {
		return IssuedKey{}, k.refused(ctx, a, err, order, "issue")
	}
	return out, nil
}

// Revoke ends a key at once, whatever its order's state. Revoking it again changes nothing.
func (k Keys) Revoke(ctx context.Context, a procedure.Actor, key string) error {
	_, err := k.DB.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		var x struct{ OrderID, State string }
		if err := w.Get(&x, `SELECT order_id, state FROM api_key WHERE id = $1`, key); err != nil {
			return audit.Entry{}, err
		}
		desk, err := mine(&w.ReadTx, a, x.OrderID)
		if err != nil || x.State != "active" {
			return audit.Entry{}, err
		}
		if err := w.ExecOne(`UPDATE api_key SET state = 'ended', revoked = $1, revoked_by = $2 WHERE id = $3 AND state = 'active'`, store.At(w.Now()), a.Person, key); err != nil {
			return audit.Entry{}, err
		}
		return audit.Entry{Type: "key.revoke", Actor: a.Person, Org: desk.Org, Behalf: desk.Behalf, Object: key, Action: "revoke", From: "active", To: "ended",
			Clause: ordering.ID, Result: audit.Done, Detail: map[string]string{"order": x.OrderID}}, bump(w)
	})
	if errors.Is(err, store.ErrNoEntry) {
		return nil
	}
	return k.refused(ctx, a, err, key, "revoke")
}

// List shows the keys of an order to its customer, the newest first.
func (k Keys) List(ctx context.Context, a procedure.Actor, order string) (out []KeyInfo, err error) {
	err = k.DB.View(ctx, func(r *store.ReadTx) error {
		if _, err := mine(r, a, order); err != nil {
			return err
		}
		var rows []struct {
			ID, Algorithm, State, CreatedBy, Replaces, Product string
			Created, Ends, Revoked                             store.Time
		}
		if err := r.Select(&rows, `SELECT k.id, k.algorithm, k.state, k.created_by, k.replaces, o.product, k.created, k.ends, k.revoked FROM api_key k
			JOIN orders o ON o.id = k.order_id WHERE k.order_id = $1 ORDER BY k.created DESC, k.id`, order); err != nil {
			return err
		}
		for _, row := range rows {
			out = append(out, KeyInfo{ID: row.ID, Order: order, Algorithm: row.Algorithm, Created: row.Created, CreatedBy: row.CreatedBy, Ends: row.Ends,
				Replaces: row.Replaces, Revoked: row.Revoked, Path: gateway.InvokePath(row.Product),
				Active: row.State == "active" && (row.Ends.IsZero() || row.Ends.After(r.Now()))})
		}
		return nil
	})
	return out, err
}

// mine finds the customer's desk the actor holds in the organisation of the order.
func mine(r *store.ReadTx, a procedure.Actor, order string) (procedure.Desk, error) {
	var org string
	if err := r.Get(&org, `SELECT customer_org FROM orders WHERE id = $1`, order); err != nil {
		return procedure.Desk{}, err
	}
	for _, d := range a.Desks {
		if d.Role == party.Customer && d.Org == org {
			return d, nil
		}
	}
	return procedure.Desk{}, store.ErrNotFound
}

// refused writes the entry of a refusal and hands the error back.
func (k Keys) refused(ctx context.Context, a procedure.Actor, cause error, object, action string) error {
	var ref *procedure.Refused
	entry := audit.Entry{Type: "key." + action, Actor: a.Person, Object: object, Action: action, Clause: ordering.ID, Result: audit.Refused}
	switch {
	case errors.As(cause, &ref):
		entry.Code = ref.Code
	case errors.Is(cause, store.ErrNotFound):
		entry.Code = "key.not_found"
	default:
		return cause
	}
	if len(object) > 64 {
		entry.Object = ""
	}
	if _, err := k.DB.Update(ctx, func(*store.Tx) (audit.Entry, error) { return entry, nil }); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}

// bump tells every publisher that something it shows has changed.
func bump(w *store.Tx) error {
	return w.ExecOne(`UPDATE feed_version SET version = version + 1 WHERE id = 1`)
}
