package party

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pado/core/identity"
	"pado/core/store"
)

// Letter is one mail or SMS on its way out. Key is the same for every attempt to send it, so
// that a provider can drop what it has had already.
type Letter struct {
	Key     string
	Channel string // "mail" or "sms"
	To      string // address or number, opened for this attempt only
	Title   string
	Body    string
}

// Sender carries letters out: a mail or SMS gateway, or a Directory.
type Sender interface {
	Send(context.Context, Letter) error
}

// Limits of the outbox.
const (
	drainBatch  = 100
	drainLease  = 5 * time.Minute  // after a crash a letter is tried again then
	drainFirst  = time.Minute      // pause after the first failure; doubles with each
	drainLonger = 6 * time.Hour    // longest pause
	drainGiveUp = 72 * time.Hour   // a letter older than this is no longer news
	letterLimit = 30 * time.Second // of one attempt
)

// Drain sends what is due and returns how many letters left. Each is claimed by compare-and-set
// before it is sent, so that two drainers do not both send it; a crash in between leaves it for
// a later attempt under the same key. A failure of the sender delays that letter only. kek opens
// the sealed addresses.
func Drain(ctx context.Context, db *store.DB, kek []byte, s Sender) (sent int, err error) {
	var due []struct {
		EffectKey, Channel, Recipient, Title, Body string
		At, NotBefore                              store.Time
		Failures                                   int
		PhoneSealed, MailSealed                    []byte
	}
	var now time.Time
	if err := db.View(ctx, func(r *store.ReadTx) error {
		now = r.Now()
		return r.Select(&due, `SELECT x.effect_key, x.channel, x.recipient, x.title, x.body, x.at, x.not_before, x.failures, p.phone_sealed, p.mail_sealed
			FROM outbox x JOIN person p ON p.id = x.recipient WHERE x.sent_at IS NULL AND x.not_before <= $1
			ORDER BY x.not_before, x.effect_key LIMIT $2`, now.UnixMilli(), drainBatch)
	}); err != nil {
		return 0, err
	}
	for _, d := range due {
		mine, err := claim(ctx, db, d.EffectKey, d.NotBefore, store.At(now.Add(drainLease)))
		if err != nil {
			return sent, err
		}
		if !mine {
			continue
		}
		sealed := d.PhoneSealed
		if d.Channel == "mail" {
			sealed = d.MailSealed
		}
		out := outcome{sent: store.At(now)}
		if len(sealed) > 0 && now.Sub(d.At.Time) < drainGiveUp {
			to, err := identity.Contact(kek, d.Channel, d.Recipient, sealed)
			if err == nil {
				once, cancel := context.WithTimeout(ctx, letterLimit)
				err = s.Send(once, Letter{Key: d.EffectKey, Channel: d.Channel, To: to, Title: d.Title, Body: d.Body})
				cancel()
			}
			if err != nil {
				pause := min(drainFirst<<min(d.Failures, 9), drainLonger)
				out = outcome{again: store.At(now.Add(pause)), failed: 1}
			} else {
				sent++
			}
		}
		if err := settle(ctx, db, d.EffectKey, out); err != nil {
			return sent, err
		}
	}
	return sent, nil
}

type outcome struct {
	sent, again store.Time
	failed      int
}

func claim(ctx context.Context, db *store.DB, key string, was, until store.Time) (mine bool, err error) {
	err = db.Scratch(ctx, func(x *store.ScratchTx) error {
		n, err := x.Exec(outbox, `UPDATE outbox SET not_before = $1 WHERE effect_key = $2 AND sent_at IS NULL AND not_before = $3`, until, key, was)
		mine = n == 1
		return err
	})
	return mine, err
}

func settle(ctx context.Context, db *store.DB, key string, o outcome) error {
	return db.Scratch(ctx, func(x *store.ScratchTx) error {
		var err error
		if o.failed > 0 {
			_, err = x.Exec(outbox, `UPDATE outbox SET not_before = $1, failures = failures + 1 WHERE effect_key = $2`, o.again, key)
		} else {
			_, err = x.Exec(outbox, `UPDATE outbox SET sent_at = $1 WHERE effect_key = $2`, o.sent, key)
		}
		return err
	})
}

// Directory is the sender of a platform without gateways: each letter becomes one file, named by
// its key, for a person or a script to carry on. The same letter twice is the same file.
type Directory struct{ Path string }

// Send implements Sender. The file is there whole or not at all.
func (d Directory) Send(_ context.Context, l Letter) error {
	if err := os.MkdirAll(d.Path, 0o700); err != nil {
		return fmt.Errorf("prepare the outbox folder: %w", err)
	}
	b, err := json.MarshalIndent(map[string]string{"key": l.Key, "channel": l.Channel, "to": l.To, "title": l.Title, "body": l.Body}, "", "  ")
	if err != nil {
		return err
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '-'
	}, l.Key) + ".json"
	f, err := os.CreateTemp(d.Path, ".letter-*")
	if err != nil {
		return fmt.Errorf("write a letter: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(d.Path, name))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write a letter: %w", err), os.Remove(f.Name()))
	}
	return nil
}
