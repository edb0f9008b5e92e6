package api

import (
	"context"
	"slices"

	"pado/core/identity"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
)

// AccountService does what administrators do to accounts; identity.Service implements it. Who may
// do what is decided there, in the transaction of the act.
type AccountService interface {
	Reset(ctx context.Context, by identity.Session, username string, factor bool) (password string, err error)
	Lock(ctx context.Context, by identity.Session, username string) error
	Unlock(ctx context.Context, by identity.Session, username string) error
	Disable(ctx context.Context, by identity.Session, username string) error
	Enable(ctx context.Context, by identity.Session, username string) error
	DropFactor(ctx context.Context, by identity.Session, username string) error
	SetContacts(ctx context.Context, by identity.Session, username string, c identity.Contacts) error
	Reveal(ctx context.Context, by identity.Session, username, field, reason string) (string, error)
	OpenProgram(ctx context.Context, by identity.Session, n identity.NewProgram) (person string, err error)
	RotateToken(ctx context.Context, by identity.Session, username string) (token string, err error)
	RevokeTokens(ctx context.Context, by identity.Session, username string) error
}

// AccountWire is an account as those who look after it see it.
type AccountWire struct {
	User         string     `json:"user"`
	Person       NamedID    `json:"person"`
	Program      bool       `json:"program"`
	State        string     `json:"state" enum:"active,locked,disabled"`
	MustChange   bool       `json:"mustChange" doc:"持有一次性口令，首次登录须修改"`
	SecondFactor bool       `json:"secondFactor"`
	Office       string     `json:"office,omitempty" doc:"管理员职务"`
	OfficeLabel  string     `json:"officeLabel,omitempty"`
	Changed      store.Time `json:"changed" doc:"口令更换时间"`
	Opened       store.Time `json:"opened"`
	LockedUntil  string     `json:"lockedUntil,omitempty"`
	Phone        string     `json:"phone,omitempty" doc:"掩码"`
	IDCard       string     `json:"idCard,omitempty" doc:"掩码"`
	HasMail      bool       `json:"hasMail"`
	Seats        []SeatWire `json:"seats"`
}

// SeatWire is a desk a person holds.
type SeatWire struct {
	Org       NamedID `json:"org"`
	Role      string  `json:"role"`
	RoleLabel string  `json:"roleLabel"`
	Lead      bool    `json:"lead"`
	Since     string  `json:"since"`
}

// AccountView is an account with what the reader may do to it.
type AccountView struct {
	AccountWire
	OpenCases int      `json:"openCases" doc:"在办事项数"`
	Acts      []string `json:"acts" doc:"可办理的操作"`
	Leave     string   `json:"leave,omitempty" doc:"办理离岗与移交的事项"`
}

func accountWire(x party.Account, now store.Time) AccountWire {
	w := AccountWire{User: x.Username, Person: NamedID{x.Person, x.Name}, Program: x.Program, State: "active", MustChange: x.MustChange, SecondFactor: x.Factor,
		Office: string(x.Office), Changed: x.Changed, Opened: x.Opened, Phone: x.PhoneMasked, IDCard: x.IDCardMasked, HasMail: x.HasMail, Seats: []SeatWire{}}
	switch {
	case x.Disabled:
		w.State = "disabled"
	case x.LockedUntil.After(now.Time):
		w.State, w.LockedUntil = "locked", stamp(x.LockedUntil)
	case x.Program && x.LockedBy == "office": // without end: tokens were revoked
		w.State = "locked"
	}
	for _, o := range party.OfficeOptions {
		if o.Value == w.Office {
			w.OfficeLabel = o.Label
		}
	}
	for _, s := range x.Seats {
		w.Seats = append(w.Seats, SeatWire{NamedID{s.Org, s.OrgName}, string(s.Role), procedure.RoleLabel(s.Role), s.Lead, s.Since})
	}
	return w
}

// acts lists what the actor may do to an account it looks after; identity decides again.
func acts(actor procedure.Actor, x party.Account, state string) []string {
	office := actor.Has(party.SecurityAd) || actor.Has(party.SystemAdm)
	if x.Person == actor.Person {
		return []string{}
	}
	var out []string
	add := func(when bool, act string) {
		if when {
			out = append(out, act)
		}
	}
	held := x.LockedBy == "office" && state == "locked" && !office
	add(!x.Program && !held && (office || single(x)), "reset")
	add(state == "active" && !x.Program, "lock")
	add(state == "locked" && !held, "unlock")
	add(office && state != "disabled", "disable")
	add(office && state == "disabled", "enable")
	add(office && x.Factor, "drop-factor")
	add(office && !x.Program, "contacts")
	add(x.HasPhone, "reveal-phone")
	add(x.HasMail, "reveal-mail")
	add(office && x.HasIDCard, "reveal-id_card")
	add(x.Program && state == "active" && (len(x.Seats) == 0 && office || len(x.Seats) > 0 && keeps(actor, x)), "token")
	add(x.Program, "revoke")
	return append([]string{}, out...)
}

// single tells whether none of the person's desks has a part in what two persons decide.
func single(x party.Account) bool {
	return !slices.ContainsFunc(x.Seats, func(s party.Seat) bool { return !party.Single(s.Role) })
}

// keeps tells whether the actor leads every organisation the program is seated at.
func keeps(actor procedure.Actor, x party.Account) bool {
	return !slices.ContainsFunc(x.Seats, func(s party.Seat) bool {
		return !slices.ContainsFunc(actor.Desks, func(d procedure.Desk) bool { return d.Lead && d.Behalf == "" && d.Org == s.Org })
	})
}

// UserPath names an account in an address.
type UserPath struct {
	User string `path:"user" maxLength:"64"`
}

// AccountRoutes adds the routes of accounts for Deps.More: lists are narrowed to what the actor
// looks after (domain/party), and who looks after nobody finds no such page.
func AccountRoutes(s AccountService) func(*API) {
	return func(a *API) {
		a.accountLists()
		a.accountActs(s)
		a.programRoutes(s)
	}
}

// keeper is the session and the actor of somebody who looks after accounts.
func (a *API) keeper(ctx context.Context) (identity.Session, procedure.Actor, error) {
	s, err := session(ctx)
	if err != nil {
		return s, procedure.Actor{}, err
	}
	actor, err := a.who(ctx)
	if err == nil && !party.MayList(actor) {
		err = errNotFound
	}
	return s, actor, err
}

func (a *API) accountLists() {
	type listIn struct {
		Q     string `query:"q" maxLength:"60" doc:"用户名、姓名或单位"`
		State string `query:"state" maxLength:"10" enum:"disabled,locked,unbound,once"`
		Kind  string `query:"kind" maxLength:"10" enum:"person,program"`
		After string `query:"after" maxLength:"64"`
	}
	type listOut struct {
		Body struct {
			Items []AccountWire `json:"items"`
			Next  string        `json:"next,omitempty"`
			Roles []SeatWire    `json:"roles" doc:"可设程序账号的单位与角色"`
		}
	}
	Route(a, op("list-accounts", "GET", "/api/accounts", "账号（只列本人负责管理的）", "账号", true), func(ctx context.Context, in *listIn) (*listOut, error) {
		_, actor, err := a.keeper(ctx)
		if err != nil {
			return nil, err
		}
		out := &listOut{}
		out.Body.Items, out.Body.Roles = []AccountWire{}, programSeats(actor)
		now := store.At(a.Engine.DB().Wall())
		err = a.Engine.DB().View(ctx, func(r *store.ReadTx) error {
			list, next, err := party.Accounts(r, actor, party.AccountQuery{Text: in.Q, State: in.State, Kind: in.Kind, After: in.After, Now: now})
			for _, x := range list {
				out.Body.Items = append(out.Body.Items, accountWire(x, now))
			}
			out.Body.Next = next
			return err
		})
		return out, err
	})
	type viewOut struct{ Body AccountView }
	Route(a, op("get-account", "GET", "/api/accounts/{user}", "账号详情", "账号", true), func(ctx context.Context, in *UserPath) (*viewOut, error) {
		_, actor, err := a.keeper(ctx)
		if err != nil {
			return nil, err
		}
		out := &viewOut{}
		now := store.At(a.Engine.DB().Wall())
		err = a.Engine.DB().View(ctx, func(r *store.ReadTx) error {
			x, err := party.AccountOf(r, actor, in.User)
			if err != nil {
				return err
			}
			w := accountWire(x, now)
			out.Body = AccountView{AccountWire: w, Acts: acts(actor, x, w.State)}
			if leads(actor, x) {
				out.Body.Leave = "p04_appoint"
			}
			out.Body.OpenCases, err = party.OpenCases(r, x.Person)
			return err
		})
		return out, err
	})
}

// leads tells whether the actor leads an organisation in which the person has a desk.
func leads(actor procedure.Actor, x party.Account) bool {
	for _, s := range x.Seats {
		for _, d := range actor.Desks {
			if d.Lead && d.Behalf == "" && d.Org == s.Org && !x.Program {
				return true
			}
		}
	}
	return false
}

// programSeats are the desks a lead may give to a program: the roles of its own organisations.
func programSeats(actor procedure.Actor) []SeatWire {
	out, led := []SeatWire{}, map[string]bool{}
	for _, d := range actor.Desks {
		led[d.Org] = led[d.Org] || d.Lead && d.Behalf == ""
	}
	for _, d := range actor.Desks {
		if led[d.Org] && d.Org != "" && d.Behalf == "" && d.Role != party.Lead && d.Role != party.SystemAdm && d.Role != party.SecurityAd && d.Role != party.AuditAdm {
			out = append(out, SeatWire{Org: NamedID{d.Org, d.OrgName}, Role: string(d.Role), RoleLabel: procedure.RoleLabel(d.Role)})
		}
	}
	return out
}

func (a *API) accountActs(s AccountService) {
	plain := func(name, title string, confirm bool, f func(context.Context, identity.Session, string) error) {
		Route(a, op(name+"-account", "POST", "/api/accounts/{user}/"+name, title, "账号", true), func(ctx context.Context, in *UserPath) (*empty, error) {
			by, _, err := a.keeper(ctx)
			if err != nil {
				return nil, err
			}
			if confirm {
				if err := a.confirmed(ctx); err != nil {
					return nil, err
				}
			}
			return nil, f(ctx, by, in.User)
		})
	}
	plain("lock", "锁定账号", false, s.Lock)
	plain("unlock", "解锁账号", false, s.Unlock)
	plain("disable", "停用账号（会话和令牌即时终止）", true, s.Disable)
	plain("enable", "恢复使用账号", false, s.Enable)
	plain("drop-factor", "解除动态口令", true, s.DropFactor)
	type resetIn struct {
		UserPath
		Body struct {
			Factor bool `json:"factor,omitempty" doc:"同时解除动态口令"`
		}
	}
	type resetOut struct {
		Body struct {
			Password string `json:"password" doc:"一次性口令，只给出一次，首次登录须修改"`
		}
	}
	Route(a, op("reset-account", "POST", "/api/accounts/{user}/reset", "重置口令（一次性口令只给出一次）", "账号", true), func(ctx context.Context, in *resetIn) (out *resetOut, err error) {
		by, _, err := a.keeper(ctx)
		if err == nil {
			err = a.confirmed(ctx)
		}
		if err != nil {
			return nil, err
		}
		out = &resetOut{}
		out.Body.Password, err = s.Reset(ctx, by, in.User, in.Body.Factor)
		return out, err
	})
	type contactsIn struct {
		UserPath
		Body ContactsWire
	}
	Route(a, op("set-account-contacts", "PUT", "/api/accounts/{user}/contacts", "设置联系方式", "账号", true), func(ctx context.Context, in *contactsIn) (*empty, error) {
		by, _, err := a.keeper(ctx)
		if err != nil {
			return nil, err
		}
		return nil, s.SetContacts(ctx, by, in.User, identity.Contacts{Mail: in.Body.Mail, Phone: in.Body.Phone})
	})
	type revealIn struct {
		UserPath
		Body struct {
			Field  string `json:"field" enum:"phone,mail,id_card"`
			Reason string `json:"reason" maxLength:"400" doc:"事由，记入审计日志"`
		}
	}
	type revealOut struct {
		Body struct {
			Value string `json:"value"`
		}
	}
	Route(a, op("reveal-account", "POST", "/api/accounts/{user}/reveal", "查看完整的联系方式或身份号码（事由留痕）", "账号", true), func(ctx context.Context, in *revealIn) (out *revealOut, err error) {
		by, _, err := a.keeper(ctx)
		if err != nil {
			return nil, err
		}
		out = &revealOut{}
		out.Body.Value, err = s.Reveal(ctx, by, in.User, in.Body.Field, in.Body.Reason)
		return out, err
	})
}

// ContactsWire are ways to reach a person; one that is left out stays as it is, an empty one goes.
type ContactsWire struct {
	Mail  *string `json:"mail,omitempty" maxLength:"200"`
	Phone *string `json:"phone,omitempty" maxLength:"20"`
}

func (a *API) programRoutes(s AccountService) {
	type programIn struct {
		Body struct {
			User string `json:"user" maxLength:"64"`
			Name string `json:"name" maxLength:"64"`
			Org  string `json:"org,omitempty" maxLength:"64"`
			Role string `json:"role,omitempty" maxLength:"40"`
		}
	}
	type personOut struct {
		Status int
		Body   NamedID
	}
	Route(a, op("open-program", "POST", "/api/accounts", "开设程序账号", "账号", true), func(ctx context.Context, in *programIn) (*personOut, error) {
		by, _, err := a.keeper(ctx)
		if err == nil {
			err = a.confirmed(ctx)
		}
		if err != nil {
			return nil, err
		}
		b := in.Body
		id, err := s.OpenProgram(ctx, by, identity.NewProgram{Username: b.User, Name: b.Name, Org: b.Org, Role: b.Role})
		return &personOut{201, NamedID{id, b.Name}}, err
	})
	type tokenOut struct {
		Status int
		Body   struct {
			Token string `json:"token" doc:"访问令牌，只给出一次"`
		}
	}
	Route(a, op("rotate-token", "POST", "/api/accounts/{user}/token", "签发访问令牌（原令牌即时失效，令牌只给出一次）", "账号", true), func(ctx context.Context, in *UserPath) (out *tokenOut, err error) {
		by, _, err := a.keeper(ctx)
		if err == nil {
			err = a.confirmed(ctx)
		}
		if err != nil {
			return nil, err
		}
		out = &tokenOut{Status: 201}
		out.Body.Token, err = s.RotateToken(ctx, by, in.User)
		return out, err
	})
	o := op("revoke-token", "DELETE", "/api/accounts/{user}/token", "吊销访问令牌（立即生效）", "账号", true)
	Route(a, o, func(ctx context.Context, in *UserPath) (*empty, error) {
		by, _, err := a.keeper(ctx)
		if err == nil {
			err = a.confirmed(ctx)
		}
		if err != nil {
			return nil, err
		}
		return nil, s.RevokeTokens(ctx, by, in.User)
	})
}
