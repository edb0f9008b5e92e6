package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"

	"pado/api"
	"pado/core/audit/verify"
	"pado/core/procedure"
	"pado/core/store"
	"pado/portal"
	"pado/procedures"
)

// rooms opens what the instance holds besides the records: workers, gateway, adapters.
func (x *platform) rooms(context.Context) error { return nil }

// choices are the lists forms pick from.
func (x *platform) choices() map[string]api.Choices {
	return map[string]api.Choices{
		"orgs":       orgChoices,
		"colleagues": colleagueChoices,
	}
}

// orgChoices lists active organisations.
func orgChoices(r *store.ReadTx, _ procedure.Actor, q string) ([]procedure.Option, error) {
	var out []procedure.Option
	return out, r.Select(&out, `SELECT id AS value, name AS label FROM org WHERE status = 'active' AND name LIKE $1 ORDER BY name LIMIT 50`, "%"+q+"%")
}

// colleagueChoices lists the people of the actor's own organisations.
func colleagueChoices(r *store.ReadTx, a procedure.Actor, q string) ([]procedure.Option, error) {
	var out []procedure.Option
	seen := map[string]bool{}
	for _, d := range a.Desks {
		var part []procedure.Option
		if err := r.Select(&part, `SELECT DISTINCT p.id AS value, p.name AS label FROM membership m JOIN person p ON p.id = m.person
			WHERE m.org = $1 AND m.until = '' AND p.name LIKE $2 ORDER BY p.name LIMIT 50`, d.Org, "%"+q+"%"); err != nil {
			return nil, err
		}
		for _, o := range part {
			if !seen[o.Value] {
				seen[o.Value] = true
				out = append(out, o)
			}
		}
	}
	return out, nil
}

// moreRoutes are the documented routes of rooms with a page of their own.
func (x *platform) moreRoutes() func(*api.API) { return nil }

// counters are the numbers on the public home page.
var counters = []portal.Counter{{Label: "公共数据资源", Register: "catalogue", Unit: "项已公布"},
	{Label: "数据产品", Register: "products", Unit: "个已上线"}, {Label: "收费标准", Register: "tariffs", Unit: "项已公示"},
	{Label: "入驻单位", Register: "orgs_public", Unit: "家"}}

// faces mounts what is neither API nor back office.
func (x *platform) faces(mux *http.ServeMux) error {
	info := x.cityInfo()
	p, err := portal.New(portal.Config{Base: "/portal/", City: info.Name, Platform: info.Platform, Demo: x.demo, Counters: counters,
		Host: os.Getenv("PADO_HOST"), Contact: os.Getenv("PADO_CONTACT"), ICP: os.Getenv("PADO_ICP"), Police: os.Getenv("PADO_POLICE"), SiteCode: os.Getenv("PADO_SITE_CODE")},
		x.engine, procedures.Registers(), procedures.Prove(x.engine))
	if err != nil {
		return err
	}
	mux.Handle("/portal/", p)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/portal/", http.StatusFound) })
	return nil
}

// replayHooks are the books the verifier replays from the bodies of the log.
func replayHooks() []verify.Hook { return nil }

// inbox is a person's messages.
type inbox struct{ db *store.DB }

// Unread implements api.Messages.
func (b inbox) Unread(ctx context.Context, person string) (n int, err error) {
	err = b.db.View(ctx, func(r *store.ReadTx) error {
		return r.Get(&n, `SELECT COUNT(*) FROM message WHERE person = $1 AND read_at IS NULL`, person)
	})
	return n, err
}

// List implements api.Messages: newest first, 20 a page; the cursor is an offset.
func (b inbox) List(ctx context.Context, person, kind string, unread bool, cursor string) (items []api.Message, next string, err error) {
	offset := 0
	if cursor != "" {
		if offset, err = strconv.Atoi(cursor); err != nil || offset < 0 {
			return nil, "", &procedure.Invalid{Errors: []procedure.FieldError{{Path: "cursor", Message: "翻页位置无效"}}}
		}
	}
	const size = 20
	cond := ""
	args := []any{person}
	if kind != "" {
		args = append(args, kind)
		cond += fmt.Sprintf(" AND kind = $%d", len(args))
	}
	if unread {
		cond += " AND read_at IS NULL"
	}
	args = append(args, size+1, offset)
	err = b.db.View(ctx, func(r *store.ReadTx) error {
		return r.Each(`SELECT id, kind, title, body, case_no, at, read_at FROM message WHERE person = $1`+cond+
			fmt.Sprintf(" ORDER BY at DESC, id DESC LIMIT $%d OFFSET $%d", len(args)-1, len(args)), args, func(scan func(...any) error) error {
			var m api.Message
			var read store.Time
			if err := scan(&m.ID, &m.Kind, &m.Title, &m.Body, &m.CaseNo, &m.At, &read); err != nil {
				return err
			}
			m.Read = !read.IsZero()
			items = append(items, m)
			return nil
		})
	})
	if len(items) > size {
		items, next = items[:size], strconv.Itoa(offset+size)
	}
	return items, next, err
}

// messageTable: reading a message is no record.
var messageTable = store.Scratchpad("message")

// MarkRead implements api.Messages.
func (b inbox) MarkRead(ctx context.Context, person, id string) error {
	return b.db.Scratch(ctx, func(s *store.ScratchTx) error {
		q, args := `UPDATE message SET read_at = $1 WHERE person = $2 AND read_at IS NULL`, []any{store.At(s.Now()), person}
		if id != "" {
			q, args = q+` AND id = $3`, append(args, id)
		}
		_, err := s.Exec(messageTable, q, args...)
		return err
	})
}

// bootstrap creates the three administrators and prints their one-time passwords.
func bootstrap(context.Context, io.Writer, *store.DB, []byte) error { return errors.New("not wired") }

func tokenCommand(ctx context.Context, args []string, out io.Writer) error {
	var p place
	f := flags("token")
	p.flags(f)
	user := f.String("user", "", "账号名")
	if err := f.Parse(args); err != nil {
		return err
	}
	x, err := assemble(ctx, p)
	if err != nil {
		return err
	}
	defer x.close()
	token, err := x.identity.IssueToken(ctx, *user, "system")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, token)
	return sign(ctx, x.db, x.keys)
}
