package identity

import (
	"errors"
	"fmt"

	"pado/core/id"
	"pado/core/secret"
	"pado/core/store"
)

// Rekey moves everything this room keeps sealed from one key-encryption key to another, with the
// keyed marks of identity numbers, and counts what it moved. What is under the new key already is
// left, so that a rotation may be taken up again. Begun bindings of a second factor are forgotten.
func Rekey(w *store.Tx, old, fresh []byte) (n int, err error) {
	move := func(label string, sealed []byte) ([]byte, []byte, error) {
		plain, err := secret.Open(fresh, label, sealed)
		if err == nil {
			return nil, plain, nil
		}
		if plain, err = secret.Open(old, label, sealed); err != nil {
			return nil, nil, err
		}
		n++
		out, err := secret.Seal(fresh, label, plain, w.Rand())
		return out, plain, err
	}
	for _, c := range []struct{ table, key, column, label string }{{"person", "id", "phone_sealed", phoneLabel}, {"person", "id", "mail_sealed", mailLabel},
		{"person", "id", "id_card_sealed", cardLabel}, {"account", "person", "totp_sealed", totpLabel("")}} {
		var rows []struct {
			ID     string
			Sealed []byte
		}
		if err := w.Select(&rows, `SELECT `+c.key+` AS id, `+c.column+` AS sealed FROM `+c.table+` WHERE `+c.column+` IS NOT NULL ORDER BY `+c.key); err != nil {
			return n, err
		}
		for _, r := range rows {
			sealed, plain, err := move(c.label+r.ID, r.Sealed)
			if err != nil {
				return n, fmt.Errorf("move %s.%s: %w", c.table, c.column, err)
			}
			if sealed == nil {
				continue
			}
			if err := w.ExecOne(`UPDATE `+c.table+` SET `+c.column+` = $1 WHERE `+c.key+` = $2`, sealed, r.ID); err != nil {
				return n, err
			}
			if c.label != cardLabel {
				continue
			}
			card, err := id.ParseIDCard(string(plain))
			if err != nil {
				return n, errors.New("a sealed identity number is none")
			}
			mark, err := (&Service{kek: fresh}).cardDigest(card)
			if err != nil {
				return n, err
			}
			if err := w.ExecOne(`UPDATE person SET id_card_digest = $1 WHERE id = $2`, mark, r.ID); err != nil {
				return n, err
			}
		}
	}
	_, err = w.Exec(`DELETE FROM totp_begin`)
	return n, err
}
