// Package identity answers who is asking: accounts, passwords, second factor, sessions and
// program tokens. It does not know what a person may do; that is the desks of domain/party.
// Credentials live in the world's time, so limits here run on the wall clock; business time,
// which a demonstration may move, dates only the records and the parameters. See README.md.
package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"pado/core/calendar"
	"pado/core/store"
	"pado/plan"
)

// Session is a signed-in person or a program's token.
type Session struct {
	ID           string // digest of the token; no secret
	Person       string
	Name         string
	Username     string
	Created      store.Time
	Seen         store.Time
	SecondFactor bool          // the second factor was given
	MustChange   bool          // the password must be changed before anything else
	MustBind     bool          // the second factor is required and not bound yet: bind it before anything else
	Program      bool          // a bearer token, not a browser
	Idle         time.Duration // without a request for so long it ends; zero for programs
	Fresh        store.Time    // until then signing in itself counts as having confirmed who one is
}

// Failure is a sign-in or account act that is refused, with the words people read.
type Failure struct {
	Code    string // sign_in.failed, sign_in.locked, sign_in.second_factor, sign_in.password_expired, password.weak …
	Message string
	Clause  plan.Clause
}

func (f *Failure) Error() string { return f.Code + ": " + f.Message }

// clause is what the whole room rests on: institution and technology, audit of the whole course.
var clause = plan.C("3")

func fail(code, message string, args ...any) *Failure {
	if len(args) > 0 {
		message = fmt.Sprintf(message, args...)
	}
	return &Failure{Code: code, Message: message, Clause: clause}
}

// Service signs people in and keeps their accounts. Safe for concurrent use; several instances
// over one store agree within CacheLife.
type Service struct {
	db     *store.DB
	kek    []byte
	params func(*store.ReadTx) (*plan.Parameters, error)

	hooks Hooks

	mu    sync.Mutex
	cache map[string]*cached
	round uint64            // counts the times sessions were ended here
	ghost map[string]*ghost // failures under names nobody has
	dummy string            // a hash that no password opens, for the same work
}

// New makes the service. kek is the key-encryption key of secret.KEKSize bytes; params lays the
// runtime values over the shipped ones (procedure.Engine.Parameters).
func New(db *store.DB, kek []byte, params func(*store.ReadTx) (*plan.Parameters, error)) *Service {
	return &Service{db: db, kek: kek, params: params, cache: map[string]*cached{}, ghost: map[string]*ghost{}, dummy: dummyHash()}
}

// Hooks are what the room of people adds to accounts. Each may be nil.
type Hooks struct {
	// Oversees tells whether by looks after the person's account without holding an office: the
	// lead of an organisation its own people. An empty person asks whether by looks after anybody.
	// An action narrows it: "reset" asks whether by may have the person's password as well.
	Oversees func(r *store.ReadTx, by, person, action string) (bool, error)
	// Tell lets a person know what an administrator did to the account, inside that act; of a
	// program's account it tells those who answer for the program.
	Tell func(w *store.Tx, person, by, action string) error
	// Seat gives a new program account its desk, inside the opening.
	Seat func(w *store.Tx, person, org, role string) error
}

// Attach adds the hooks; call it once, before the service is used.
func (s *Service) Attach(h Hooks) { s.hooks = h }

// settings are the parameters of this room as of the transaction's day.
type settings struct {
	minLength, classes, history, tries            int
	maxAge, lock, idle, adminIdle, life, tokenFor time.Duration
	onceFor, confirmFor                           time.Duration
	secondFactor                                  bool
}

func (s *Service) settings(r *store.ReadTx) (v settings, err error) {
	p, err := s.params(r)
	if err != nil {
		return v, err
	}
	on := calendar.DateOf(r.Now()).String()
	number := func(key string) int {
		val, e := p.At(key, on)
		if e == nil {
			var n int64
			if n, e = val.Int(); e == nil {
				return int(n)
			}
		}
		err = errors.Join(err, e)
		return 0
	}
	length := func(key string, unit time.Duration) time.Duration { return time.Duration(number(key)) * unit }
	v = settings{minLength: number("password.min_length"), classes: number("password.classes"), history: number("password.history"),
		tries: number("lock.tries"), maxAge: length("password.max_age_days", 24*time.Hour), lock: length("lock.minutes", time.Minute),
		idle: length("idle.minutes", time.Minute), adminIdle: length("idle.admin_minutes", time.Minute),
		life: length("session.max_hours", time.Hour), tokenFor: length("token.valid_days", 24*time.Hour),
		onceFor: length("password.once_hours", time.Hour), confirmFor: length("confirm.minutes", time.Minute)}
	val, e := p.At("secondfactor.required", on)
	if e == nil {
		v.secondFactor, e = val.Bool()
	}
	return v, errors.Join(err, e)
}

// account is an account with the person behind it.
type account struct {
	Username, Person, Password string
	Changed                    store.Time
	MustChange                 bool
	Failures                   int
	LockedUntil, OnceUntil     store.Time
	TotpSealed                 []byte
	TotpStep                   int64
	Disabled                   bool
	LockedBy                   string
	Name, Status               string
	Program                    bool
}

// Who keeps an account shut, as column locked_by has it; empty after too many tries.
const (
	byOffice = "office"
	byLead   = "lead"
)

// held tells whether an office keeps the account shut. A person is kept out for a time, a program
// without tokens until an office lets it have one again.
func (a account) held(now store.Time) bool {
	return a.LockedBy == byOffice && (a.Program || a.LockedUntil.After(now.Time))
}

const accountQuery = `SELECT a.username, a.person, a.password, a.changed, a.must_change, a.failures, a.locked_until, a.once_until,
	a.totp_sealed, a.totp_step, a.disabled, a.locked_by, p.name, p.status, p.program FROM account a JOIN person p ON p.id = a.person WHERE `

func (s *Service) byUsername(r *store.ReadTx, username string) (a account, err error) {
	return a, r.Get(&a, accountQuery+`a.username = $1`, username)
}

func (s *Service) byPerson(r *store.ReadTx, person string) (a account, err error) {
	return a, r.Get(&a, accountQuery+`a.person = $1`, person)
}

// hold reads an account and takes its row until the commit.
func (s *Service) hold(w *store.Tx, username string) (account, error) {
	if err := w.Lock("account", "username", username); err != nil {
		return account{}, err
	}
	return s.byUsername(&w.ReadTx, username)
}

// wall is the time that credentials live in.
func (s *Service) wall() store.Time { return store.At(s.db.Wall()) }

// newToken draws a bearer secret of 256 bits; only its digest is ever stored.
func (s *Service) newToken() (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(s.db.Rand(), b[:]); err != nil {
		return "", fmt.Errorf("draw a token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

func digest(token string) string {
	d := sha256.Sum256([]byte(token))
	return hex.EncodeToString(d[:])
}

// plainName brings a user name into its one form.
func plainName(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
