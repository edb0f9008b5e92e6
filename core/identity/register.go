package identity

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/id"
	"pado/core/secret"
	"pado/core/store"
)

// NewPerson is what a person says of itself when it registers. Phone and IDCard are checked by
// core/id, sealed under the key-encryption key and shown masked only.
type NewPerson struct{ Username, Password, Name, Phone, IDCard string }

// NewAccount is an account that is opened by the platform itself: at the bootstrap, for a
// program, for a demonstration. Phone and IDCard may be empty; Hash, when given, is a stored
// form made by Hash and spares its cost.
type NewAccount struct {
	NewPerson
	Mail       string
	Hash       string
	MustChange bool
	Once       bool // the password is a one-time one and ends by password.once_hours
	Program    bool
}

// Prepared is an account that has passed every check and only needs a transaction.
type Prepared struct {
	s      *Service
	n      NewAccount
	person string
	phone  id.Mobile
	card   id.IDCard
	mail   string
	hash   string
	v      settings
}

// Person is the id the account will have.
func (p Prepared) Person() string { return p.person }

var usernameShape = regexp.MustCompile(`^[a-z][a-z0-9_.-]{3,31}$`)

// Register opens an account for a natural person who asks for it. The person has no desk but
// that of a natural person. Errors: *Failure register.*, password.weak. One entry; a second
// account of the same identity number is refused by constraint.
func (s *Service) Register(ctx context.Context, n NewPerson) (person string, err error) {
	if strings.TrimSpace(n.IDCard) == "" {
		return "", invalid(id.ErrIDCardShape, codeIDCard)
	}
	if strings.TrimSpace(n.Phone) == "" {
		return "", invalid(id.ErrMobile, codePhone)
	}
	p, err := s.Prepare(ctx, NewAccount{NewPerson: n})
	if err != nil {
		return "", err
	}
	_, err = s.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if err := p.Open(w); err != nil {
			return audit.Entry{}, err
		}
		return p.Entry(p.person, "register"), nil
	})
	if errors.Is(err, store.ErrConflict) {
		return "", fail(codeTaken, msgTaken)
	}
	return p.person, err
}

// Prepare checks and hashes everything an account needs, outside any transaction.
func (s *Service) Prepare(ctx context.Context, n NewAccount) (p Prepared, err error) {
	p = Prepared{s: s, n: n}
	p.n.Username, p.n.Name = plainName(n.Username), strings.TrimSpace(n.Name)
	if !usernameShape.MatchString(p.n.Username) {
		return p, fail(codeUsername, msgUsername)
	}
	if k := utf8.RuneCountInString(p.n.Name); k == 0 || k > 40 || !utf8.ValidString(p.n.Name) || strings.ContainsFunc(p.n.Name, unprintable) {
		return p, fail(codeName, msgName)
	}
	if n.Phone != "" {
		if p.phone, err = id.ParseMobile(n.Phone); err != nil {
			return p, invalid(err, codePhone)
		}
	}
	if n.IDCard != "" {
		if p.card, err = id.ParseIDCard(strings.TrimSpace(n.IDCard)); err != nil {
			return p, invalid(err, codeIDCard)
		}
	}
	if p.mail, err = address(n.Mail); err != nil {
		return p, err
	}
	var today calendar.Date
	if err := s.db.View(ctx, func(r *store.ReadTx) (err error) {
		today = calendar.DateOf(r.Now())
		p.v, err = s.settings(r)
		return err
	}); err != nil {
		return p, err
	}
	if !p.card.IsZero() && p.card.Birth().String() > today.String() {
		return p, fail(codeIDCard, msgBirth)
	}
	if p.person, err = id.New(s.db.Rand(), "p"); err != nil {
		return p, err
	}
	p.n.Password, p.hash = "", n.Hash
	if n.Program || p.hash != "" {
		if p.hash == "" {
			p.hash = s.dummy
		}
		return p, nil
	}
	if err := strong(p.v, p.n.Username, n.Password); err != nil {
		return p, err
	}
	p.hash, err = s.Hash(ctx, n.Password)
	return p, err
}

// Open writes the person and the account; the caller returns or records the entry.
// store.ErrConflict when the user name or the identity number is taken.
func (p Prepared) Open(w *store.Tx) error {
	s := p.s
	seal := func(place, plain string) ([]byte, error) {
		if plain == "" {
			return nil, nil
		}
		return secret.Seal(s.kek, place+p.person, []byte(plain), s.db.Rand())
	}
	phone, err1 := seal(phoneLabel, p.phone.Number())
	card, err2 := seal(cardLabel, p.card.Number())
	mailbox, err3 := seal(mailLabel, p.mail)
	mark, err4 := s.cardDigest(p.card)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	if _, err := w.Exec(`INSERT INTO person (id, name, phone_sealed, phone_masked, mail_sealed, id_card_sealed, id_card_masked, id_card_digest,
		program, status, created) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)`, p.person, p.n.Name, phone, p.phone.Masked(), mailbox,
		card, p.card.Masked(), mark, p.n.Program, statusActive, store.At(w.Now())); err != nil {
		return err
	}
	now, once := s.wall(), store.Time{}
	if p.n.Once {
		once = store.At(now.Add(p.v.onceFor))
	}
	if _, err := w.Exec(`INSERT INTO account (username, person, password, changed, must_change, once_until, disabled) VALUES ($1,$2,$3,$4,$5,$6,$7)`,
		p.n.Username, p.person, p.hash, now, p.n.MustChange || p.n.Once, once, false); err != nil {
		return err
	}
	if p.n.Program {
		return nil
	}
	return s.remember(w, p.n.Username, p.hash, p.v.history)
}

// Entry is the audit entry of the opening: what was given is in it as commitments only.
func (p Prepared) Entry(actor, action string) audit.Entry {
	return audit.Entry{Type: "identity.register", Actor: actor, Object: p.person, Action: action, Clause: clause.ID, Result: audit.Done,
		Values: map[string]string{"username": p.n.Username, "name": p.n.Name, "phone": p.phone.Number(), "id_card": p.card.Number()}}
}

// Places of sealed contact data; the person's id follows.
const (
	phoneLabel = "person.phone/"
	cardLabel  = "person.id_card/"
	mailLabel  = "person.mail/"
)

// Contact opens a person's phone number or mail address for an adapter that has to reach it.
func Contact(kek []byte, channel, person string, sealed []byte) (string, error) {
	label := phoneLabel
	if channel == "mail" {
		label = mailLabel
	}
	b, err := secret.Open(kek, label+person, sealed)
	return string(b), err
}

// cardDigest marks an identity number so that one person has one account; nil for none. The
// mark is keyed, so that numbers cannot be tried out against a stolen copy of the records.
func (s *Service) cardDigest(c id.IDCard) (any, error) {
	if c.IsZero() {
		return nil, nil
	}
	key, err := hkdf.Key(sha256.New, s.kek, nil, "pado person id_card digest", 32)
	if err != nil {
		return nil, err
	}
	m := hmac.New(sha256.New, key)
	m.Write([]byte(c.Number()))
	return hex.EncodeToString(m.Sum(nil)), nil
}

// SetMail sets the own mail address, empty for none.
func (s *Service) SetMail(ctx context.Context, who Session, to string) error {
	to, err := address(to)
	if err != nil {
		return err
	}
	return s.own(ctx, who, "identity.contact", "mail", func(w *store.Tx, a account) error {
		var sealed []byte
		if to != "" {
			if sealed, err = secret.Seal(s.kek, mailLabel+a.Person, []byte(to), s.db.Rand()); err != nil {
				return err
			}
		}
		return w.ExecOne(`UPDATE person SET mail_sealed = $1 WHERE id = $2`, sealed, a.Person)
	})
}

func address(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", nil
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 200 {
		return "", fail(codeMail, msgMail)
	}
	return s, nil
}

// invalid hands on what core/id says of a number, which never repeats it.
func invalid(err error, code string) error {
	var i *id.Invalid
	if errors.As(err, &i) {
		return fail(code, i.Message)
	}
	return fmt.Errorf("check a number: %w", err)
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }
