package party

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"pado/core/store"
)

// Message is one line of a person's inbox. It is a courtesy copy: the record is the case.
type Message struct {
	ID     string
	Kind   string // KindTodo or KindSystem
	Title  string
	Body   string
	CaseNo string
	At     store.Time
	Read   bool
}

// Inbox reads a person's messages and marks them as read. Being read is no record.
type Inbox struct{ db *store.DB }

// NewInbox opens the inboxes of a store.
func NewInbox(db *store.DB) *Inbox { return &Inbox{db} }

// InboxPage is how many messages List returns at most.
const InboxPage = 20

var (
	messages = store.Scratchpad("message")
	outbox   = store.Scratchpad("outbox")
)

// Unread counts the messages a person has not read.
func (b *Inbox) Unread(ctx context.Context, person string) (n int, err error) {
	err = b.db.View(ctx, func(r *store.ReadTx) error {
		return r.Get(&n, `SELECT COUNT(*) FROM message WHERE person = $1 AND read_at IS NULL`, person)
	})
	return n, err
}

// List returns a person's messages, newest first: of a kind (empty: all), only unread ones if
// asked. next is the cursor of the following page, empty at the end; a cursor that is none
// begins anew.
func (b *Inbox) List(ctx context.Context, person, kind string, unread bool, cursor string) (items []Message, next string, err error) {
	at, id := parseCursor(cursor)
	var rows []struct {
		ID, Kind, Title, Body, CaseNo string
		At, ReadAt                    store.Time
	}
	err = b.db.View(ctx, func(r *store.ReadTx) error {
		q := `SELECT id, kind, title, body, case_no, at, read_at FROM message WHERE person = $1 AND ($2 = '' OR kind = $2)`
		args := []any{person, kind}
		if unread {
			q += ` AND read_at IS NULL`
		}
		if id != "" {
			q += ` AND (at < $3 OR (at = $3 AND id < $4))`
			args = append(args, at, id)
		}
		return r.Select(&rows, q+` ORDER BY at DESC, id DESC LIMIT `+strconv.Itoa(InboxPage+1), args...)
	})
	for i, row := range rows {
		if i == InboxPage {
			last := rows[i-1]
			next = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d|%s", last.At.UnixMilli(), last.ID))
			break
		}
		items = append(items, Message{row.ID, row.Kind, row.Title, row.Body, row.CaseNo, row.At, !row.ReadAt.IsZero()})
	}
	return items, next, err
}

func parseCursor(s string) (int64, string) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return 0, ""
	}
	at, id, _ := strings.Cut(string(b), "|")
	n, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return 0, ""
	}
	return n, id
}

// MarkRead marks one message of a person as read, all of them with an empty id.
// store.ErrNotFound when the person has no such message.
func (b *Inbox) MarkRead(ctx context.Context, person, id string) error {
	return b.db.Scratch(ctx, func(x *store.ScratchTx) error {
		n, err := x.Exec(messages, `UPDATE message SET read_at = COALESCE(read_at, $1) WHERE person = $2 AND ($3 = '' OR id = $3)`,
			store.At(x.Now()), person, id)
		if err == nil && n == 0 && id != "" {
			return store.ErrNotFound
		}
		return err
	})
}
