package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"

	"pado/api"
	"pado/core/audit/verify"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
	"pado/portal"
	"pado/procedures"
)

// rooms opens what the instance holds besides the records: workers, gateway, adapters.
func (x *platform) rooms(context.Context) error { return nil }

// choices are the lists forms pick from, by name.
func (x *platform) choices() map[string]api.Choices {
	out := map[string]api.Choices{}
	for _, m := range []map[string]func(*store.ReadTx, procedure.Actor, string) ([]procedure.Option, error){party.Choices} {
		for name, f := range m {
			out[name] = f
		}
	}
	return out
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
	p, err := portal.New(portal.Config{Base: "/portal/", City: info.Name, Platform: info.Name + info.Platform, Demo: x.demo, Counters: counters,
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

// inbox shows the messages of domain/party on the wire.
type inbox struct{ *party.Inbox }

// List implements api.Messages.
func (b inbox) List(ctx context.Context, person, kind string, unread bool, cursor string) ([]api.Message, string, error) {
	items, next, err := b.Inbox.List(ctx, person, kind, unread, cursor)
	out := make([]api.Message, len(items))
	for i, m := range items {
		out[i] = api.Message{ID: m.ID, Kind: m.Kind, Title: m.Title, Body: m.Body, CaseNo: m.CaseNo, At: m.At, Read: m.Read}
	}
	return out, next, err
}

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
