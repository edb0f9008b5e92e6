package api

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"

	"pado/core/id"
	"pado/core/identity"
	"pado/core/procedure"
	"pado/core/store"
)

// Me is the signed-in person with everything the shell of the pages needs.
type Me struct {
	Person             NamedID     `json:"person"`
	Desks              []DeskWire  `json:"desks"`
	Menu               []MenuGroup `json:"menu"`
	Counts             MeCounts    `json:"counts"`
	City               City        `json:"city"`
	Demo               bool        `json:"demo"`
	BusinessTime       store.Time  `json:"businessTime"`
	MustChangePassword bool        `json:"mustChangePassword"`
	MustBindFactor     bool        `json:"mustBindFactor" doc:"须先绑定动态口令才能办理"`
	SecondFactor       bool        `json:"secondFactor"`
	IdleMinutes        int         `json:"idleMinutes,omitempty" doc:"无操作多少分钟后自动退出"`
	Watermark          string      `json:"watermark"`
}

// NamedID is an id with the name people know it by.
type NamedID struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// OrgWire is an organisation on the wire.
type OrgWire struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Division string `json:"division,omitempty"`
	Region   string `json:"divisionName,omitempty"`
}

// DeskWire is a desk on the wire.
type DeskWire struct {
	ID        string  `json:"id"`
	Role      string  `json:"role"`
	RoleLabel string  `json:"roleLabel"`
	Org       OrgWire `json:"org"`
	Lead      bool    `json:"lead"`
	Behalf    string  `json:"behalf,omitempty"`
}

// MeCounts are the numbers on the shell.
type MeCounts struct {
	Todo     int `json:"todo"`
	Overdue  int `json:"overdue"`
	Soon     int `json:"soon"`
	Messages int `json:"messages"`
}

type meOut struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      Me
}

type empty struct{}

func (a *API) sessionRoutes() {
	type signIn struct {
		Body struct {
			User     string `json:"user" maxLength:"64"`
			Password string `json:"password" maxLength:"256"`
			Code     string `json:"code,omitempty" maxLength:"10"`
		}
	}
	Route(a, op("sign-in", "POST", "/api/session", "登录", "登录", false), func(ctx context.Context, in *signIn) (*meOut, error) {
		from := remote(ctx)
		if !a.signIns.allow(from, a.Engine.DB().Wall()) {
			return nil, errTooMany
		}
		token, s, err := a.Identity.SignIn(ctx, in.Body.User, in.Body.Password, in.Body.Code, from)
		if err != nil {
			return nil, err
		}
		me, err := a.me(ctx, s)
		if err != nil {
			return nil, err
		}
		return &meOut{SetCookie: []http.Cookie{a.cookie(token, 0)}, Body: me}, nil
	})
	type cookieOut struct {
		SetCookie []http.Cookie `header:"Set-Cookie"`
	}
	Route(a, op("sign-out", "DELETE", "/api/session", "退出", "登录", true), func(ctx context.Context, _ *empty) (*cookieOut, error) {
		token, ok := ctx.Value(keyToken).(string)
		if !ok {
			return nil, errSignIn
		}
		if err := a.Identity.SignOut(ctx, token); err != nil {
			return nil, err
		}
		return &cookieOut{[]http.Cookie{a.cookie("", -1)}}, nil
	})
	Route(a, op("me", "GET", "/api/me", "本人与菜单", "登录", true), func(ctx context.Context, _ *empty) (*meOut, error) {
		s, err := session(ctx)
		if err != nil {
			return nil, err
		}
		me, err := a.me(ctx, s)
		return &meOut{Body: me}, err
	})
	type passwordIn struct {
		Body struct {
			Old string `json:"old" maxLength:"256"`
			New string `json:"new" maxLength:"256"`
		}
	}
	Route(a, op("change-password", "POST", "/api/me/password", "修改口令", "登录", true), func(ctx context.Context, in *passwordIn) (*empty, error) {
		s, err := session(ctx)
		if err != nil {
			return nil, err
		}
		return nil, a.Identity.ChangePassword(ctx, s, in.Body.Old, in.Body.New)
	})
	type totpOut struct {
		Body struct {
			Secret string `json:"secret"`
			URI    string `json:"uri"`
		}
	}
	Route(a, op("begin-totp", "POST", "/api/me/totp", "开始绑定动态口令", "登录", true), func(ctx context.Context, _ *empty) (*totpOut, error) {
		s, err := session(ctx)
		if err != nil {
			return nil, err
		}
		var out totpOut
		out.Body.Secret, out.Body.URI, err = a.Identity.BeginTOTP(ctx, s)
		return &out, err
	})
	type codeIn struct {
		Body struct {
			Code string `json:"code" maxLength:"10"`
		}
	}
	Route(a, op("confirm-totp", "POST", "/api/me/totp/confirm", "确认动态口令", "登录", true), func(ctx context.Context, in *codeIn) (*empty, error) {
		s, err := session(ctx)
		if err != nil {
			return nil, err
		}
		return nil, a.Identity.ConfirmTOTP(ctx, s, in.Body.Code)
	})
	Route(a, op("remove-totp", "POST", "/api/me/totp/remove", "解除动态口令", "登录", true), func(ctx context.Context, in *codeIn) (*empty, error) {
		s, err := session(ctx)
		if err != nil {
			return nil, err
		}
		return nil, a.Identity.RemoveTOTP(ctx, s, in.Body.Code)
	})
	type contactsIn struct{ Body ContactsWire }
	Route(a, op("set-contacts", "PUT", "/api/me/contacts", "设置本人联系方式", "登录", true), func(ctx context.Context, in *contactsIn) (*empty, error) {
		s, err := session(ctx)
		if err != nil {
			return nil, err
		}
		return nil, a.Identity.SetOwnContacts(ctx, s, identity.Contacts{Mail: in.Body.Mail, Phone: in.Body.Phone})
	})
	type registerIn struct {
		Body struct {
			User     string `json:"user" maxLength:"64"`
			Password string `json:"password" maxLength:"256"`
			Name     string `json:"name" maxLength:"64"`
			Phone    string `json:"phone" maxLength:"20"`
			IDCard   string `json:"idCard" maxLength:"20"`
		}
	}
	type personOut struct {
		Status int
		Body   NamedID
	}
	Route(a, op("register", "POST", "/api/registration", "个人注册", "登录", false), func(ctx context.Context, in *registerIn) (*personOut, error) {
		if !a.signIns.allow(remote(ctx), a.Engine.DB().Wall()) {
			return nil, errTooMany
		}
		b := in.Body
		id, err := a.Identity.Register(ctx, identity.NewPerson{Username: b.User, Password: b.Password, Name: b.Name, Phone: b.Phone, IDCard: b.IDCard})
		return &personOut{Status: 201, Body: NamedID{id, b.Name}}, err
	})
}

func (a *API) cookie(value string, age int) http.Cookie {
	return http.Cookie{Name: sessionCookie, Value: value, Path: "/", HttpOnly: true, Secure: a.Secure,
		SameSite: http.SameSiteStrictMode, MaxAge: age}
}

func remote(ctx context.Context) string {
	r, ok := ctx.Value(keyRequest).(*http.Request)
	if !ok {
		return ""
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func (a *API) me(ctx context.Context, s identity.Session) (Me, error) {
	now, err := a.Engine.Now(ctx)
	if err != nil {
		return Me{}, err
	}
	m := Me{Person: NamedID{s.Person, s.Name}, City: a.City, Demo: a.Demo, BusinessTime: store.At(now), Desks: []DeskWire{},
		MustChangePassword: s.MustChange, MustBindFactor: s.MustBind, SecondFactor: s.SecondFactor, IdleMinutes: int(s.Idle / time.Minute), Menu: []MenuGroup{},
		Watermark: strings.TrimSpace(s.Name + " " + s.Username)}
	if s.MustChange || s.MustBind {
		return m, nil
	}
	actor, err := a.actors.get(ctx, a, s.Person)
	if err != nil {
		return m, err
	}
	for _, d := range actor.Desks {
		m.Desks = append(m.Desks, deskWire(d))
	}
	if a.Menu != nil {
		m.Menu = a.Menu(actor)
	}
	n, err := a.Engine.Count(ctx, actor)
	if err != nil {
		return m, err
	}
	m.Counts = MeCounts{Todo: n.Todo, Overdue: n.Overdue, Soon: n.Soon}
	if a.Messages != nil {
		m.Counts.Messages, err = a.Messages.Unread(ctx, s.Person)
	}
	return m, err
}

// divisionName is what a division's code means, "" for none that is known.
func divisionName(code string) string {
	d, _ := id.Division(code)
	return d.Name
}

func deskWire(d procedure.Desk) DeskWire {
	return DeskWire{d.ID, string(d.Role), procedure.RoleLabel(d.Role), OrgWire{d.Org, d.OrgName, d.Division, divisionName(d.Division)}, d.Lead, d.Behalf}
}
