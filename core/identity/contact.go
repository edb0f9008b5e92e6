package identity

import (
	"context"
	"strings"

	"pado/core/audit"
	"pado/core/id"
	"pado/core/secret"
	"pado/core/store"
)

// Contacts are the ways to reach a person: nil leaves one as it is, an empty one takes it away.
type Contacts struct{ Mail, Phone *string }

// sealedContacts are checked contacts, ready to be sealed for a person.
type sealedContacts struct {
	Contacts
	mobile id.Mobile
}

func (s *Service) checkContacts(c Contacts) (out sealedContacts, err error) {
	out.Contacts = c
	if c.Mail != nil {
		mail, err := address(*c.Mail)
		if err != nil {
			return out, err
		}
		out.Mail = &mail
	}
	if c.Phone != nil && strings.TrimSpace(*c.Phone) != "" {
		if out.mobile, err = id.ParseMobile(strings.TrimSpace(*c.Phone)); err != nil {
			return out, invalid(err, codePhone)
		}
	}
	return out, nil
}

// write seals the contacts for the person; what they were is not in the entry, only which.
func (s *Service) writeContacts(w *store.Tx, person string, c sealedContacts, e *audit.Entry) error {
	e.Detail = map[string]string{}
	seal := func(place, plain string) (out []byte, err error) {
		if plain == "" {
			return nil, nil
		}
		return secret.Seal(s.kek, place+person, []byte(plain), s.db.Rand())
	}
	if c.Mail != nil {
		e.Detail["mail"] = "changed"
		b, err := seal(mailLabel, *c.Mail)
		if err != nil {
			return err
		}
		if err := w.ExecOne(`UPDATE person SET mail_sealed = $1 WHERE id = $2`, b, person); err != nil {
			return err
		}
	}
	if c.Phone != nil {
		e.Detail["phone"] = "changed"
		b, err := seal(phoneLabel, c.mobile.Number())
		if err != nil {
			return err
		}
		return w.ExecOne(`UPDATE person SET phone_sealed = $1, phone_masked = $2 WHERE id = $3`, b, c.mobile.Masked(), person)
	}
	return nil
}

// SetContacts sets how a person is reached, by an office (see mayManage).
func (s *Service) SetContacts(ctx context.Context, by Session, username string, c Contacts) error {
	checked, err := s.checkContacts(c)
	if err != nil {
		return err
	}
	return s.manage(ctx, by, username, "contact", func(w *store.Tx, a account, e *audit.Entry) error {
		return s.writeContacts(w, a.Person, checked, e)
	})
}

// SetOwnContacts sets how oneself is reached.
func (s *Service) SetOwnContacts(ctx context.Context, who Session, c Contacts) error {
	checked, err := s.checkContacts(c)
	if err != nil {
		return err
	}
	return s.ownEntry(ctx, who, "identity.contact", "contact", func(w *store.Tx, a account, e *audit.Entry) error {
		return s.writeContacts(w, a.Person, checked, e)
	})
}

// Fields of a person that are sealed and shown masked.
const (
	FieldPhone  = "phone"
	FieldMail   = "mail"
	FieldIDCard = "id_card"
)

// Reveal opens a masked field of a person for an administrator who says why; field and reason
// are in the entry, the value is not. The identity number opens for the offices only, never for
// a lead. Empty when the person has none. Errors: *Failure account.*, reveal.reason.
func (s *Service) Reveal(ctx context.Context, by Session, username, field, reason string) (value string, err error) {
	col, ok := map[string]string{FieldPhone: "phone_sealed", FieldMail: "mail_sealed", FieldIDCard: "id_card_sealed"}[field]
	place := map[string]string{FieldPhone: phoneLabel, FieldMail: mailLabel, FieldIDCard: cardLabel}[field]
	if !ok {
		return "", fail(codeUnknown, msgUnknown)
	}
	reason = strings.TrimSpace(reason)
	if n := len([]rune(reason)); n < 4 || n > 200 {
		return "", fail(codeReason, msgReason)
	}
	action := "reveal"
	if field == FieldIDCard {
		action = "reveal-id-card"
	}
	err = s.manage(ctx, by, username, action, func(w *store.Tx, a account, e *audit.Entry) error {
		e.Type, e.Action, e.Detail = "identity.reveal", "reveal", map[string]string{"field": field, "reason": reason}
		var sealed []byte
		if err := w.Get(&sealed, `SELECT `+col+` FROM person WHERE id = $1`, a.Person); err != nil || sealed == nil {
			return err
		}
		b, err := secret.Open(s.kek, place+a.Person, sealed)
		value = string(b)
		return err
	})
	if err != nil {
		return "", err
	}
	return value, nil
}

// DropFactor takes the second factor off an account whose person has lost it; its sessions end.
func (s *Service) DropFactor(ctx context.Context, by Session, username string) error {
	return s.manage(ctx, by, username, "drop-factor", func(w *store.Tx, a account, _ *audit.Entry) error {
		if a.TotpSealed == nil {
			return fail(codeUnbound, msgUnbound)
		}
		if err := w.ExecOne(`UPDATE account SET totp_sealed = NULL WHERE username = $1`, a.Username); err != nil {
			return err
		}
		_, err := w.Exec(`DELETE FROM session WHERE person = $1`, a.Person)
		return err
	})
}
