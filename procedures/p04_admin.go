package procedures

import (
	"errors"

	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
	"pado/plan"
)

type adminForm struct {
	Office   party.Office `json:"office"`
	Username string       `json:"username"`
	Reason   string       `json:"reason"`
}

// P04Admin is 三员任免: the lead of the city's Authority names an administrator in place of another;
// the security administrator checks it, the audit administrator where the security office itself
// changes hands. No person may hold two of the three offices; the records refuse it as well.
func P04Admin() *procedure.Procedure {
	c := plan.C("3")
	return &procedure.Procedure{ID: "p04_admin", Prefix: "GL", Title: "三员任免", Group: "主体与岗位", Plan: c, Start: "draft",
		Starts: procedure.Rules{adminAuthority},
		Name: func(c *procedure.Ctx) (string, error) {
			f, err := procedure.Form[adminForm](c)
			for _, o := range party.OfficeOptions {
				if o.Value == string(f.Office) {
					return "任命" + o.Label, err
				}
			}
			return "", err
		},
		Form: procedure.FormOf[adminForm](
			procedure.Field{Name: "office", Label: "职务", Kind: procedure.Choice, Options: party.OfficeOptions, Required: true, Plan: c},
			procedure.Field{Name: "username", Label: "被任命人的用户名", Kind: procedure.Text, Required: true, Max: 32, Plan: c, Help: "须为已注册的自然人，未担任另一管理员职务"},
			procedure.Field{Name: "reason", Label: "任免理由", Kind: procedure.LongText, Required: true, Max: 500, Plan: c}),
		States: procedure.Phases{
			{ID: "draft", Label: "填写", Owes: party.Lead, Track: true},
			{ID: "review", Label: "待安全管理员核对", Owes: party.SecurityAd, Within: "office.review", Track: true},
			{ID: "cross", Label: "待审计管理员核对", Owes: party.AuditAdm, Within: "office.review"},
			{ID: "installed", Label: "已任命", Final: true, Track: true},
			{ID: "refused", Label: "不予任命", Final: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Parties: []procedure.PartyRule{{Role: party.SecurityAd, Find: party.OfficeOrg(party.SecurityOffice)}, {Role: party.AuditAdm, Find: party.OfficeOrg(party.AuditOffice)}},
		Readers: []procedure.Role{party.AuditAdm},
		Steps: []procedure.Step{
			{Do: "submit", Label: "提名", By: party.Lead, From: procedure.S("draft"), To: "review", Plan: c, Edits: true, Style: procedure.Primary,
				Require: procedure.Rules{adminNotSecurity, adminCandidate, adminNotOneself, adminSingle}},
			{Do: "submit_security", Label: "提名安全管理员", By: party.Lead, From: procedure.S("draft"), To: "cross", Plan: c, Edits: true,
				Require: procedure.Rules{adminSecurity, adminCandidate, adminNotOneself, adminSingle}},
			adminInstall(party.SecurityAd, "review"), adminInstall(party.AuditAdm, "cross"),
			adminRefuse(party.SecurityAd, "review"), adminRefuse(party.AuditAdm, "cross"),
			procedure.Withdraw("withdrawn", party.Lead, c, "draft", "review", "cross"),
		},
	}
}

func adminInstall(by procedure.Role, from string) procedure.Step {
	return procedure.Step{Do: "install", Label: "核对无误，任命生效", By: by, From: procedure.S(from), To: "installed", Plan: plan.C("3"), Style: procedure.Primary,
		Apart: procedure.Acts("submit", "submit_security"), Require: procedure.Rules{adminCandidate, adminSingle, adminNotReviewer},
		Then: procedure.Effects{adminEffect}, Irrevocable: "任命生效后，原任职人员的管理权限即终止"}
}

func adminRefuse(by procedure.Role, from string) procedure.Step {
	return procedure.Step{Do: "refuse", Label: "不予任命", By: by, From: procedure.S(from), To: "refused", Plan: plan.C("3"), Style: procedure.Danger,
		Apart: procedure.Acts("submit", "submit_security"), Opinion: true}
}

func adminRule(code, say string, holds func(*procedure.Ctx, adminForm, string) (bool, error)) procedure.Rule {
	return procedure.Rule{Code: code, Say: say, Plan: plan.C("3"), Holds: func(c *procedure.Ctx) error {
		f, err := procedure.Form[adminForm](c)
		if err != nil {
			return err
		}
		who, err := candidate(c, f)
		if err != nil {
			return err
		}
		return procedure.Hold(holds(c, f, who))
	}}
}

// candidate is the person behind the user name, empty when there is no such natural person.
func candidate(c *procedure.Ctx, f adminForm) (person string, err error) {
	err = c.Get(&person, `SELECT a.person FROM account a JOIN person p ON p.id = a.person
		WHERE a.username = $1 AND a.disabled = $2 AND p.program = $2 AND p.status = $3`, f.Username, false, party.Active)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return person, err
}

var (
	adminAuthority = procedure.Rule{Code: "admin.authority", Say: "三员由市数据管理部门任免", Plan: plan.C("3"), Holds: func(c *procedure.Ctx) error {
		org, err := party.CityOrg(party.Authority)(c)
		return procedure.Hold(org != "" && org == c.Case.Org, err)
	}}
	adminNotSecurity = adminRule("admin.route", "安全管理员的任命由审计管理员核对，请改用“提名安全管理员”", func(_ *procedure.Ctx, f adminForm, _ string) (bool, error) {
		return f.Office != party.SecurityOffice, nil
	})
	adminSecurity = adminRule("admin.route_security", "这一步只用于安全管理员的任命，请改用“提名”", func(_ *procedure.Ctx, f adminForm, _ string) (bool, error) {
		return f.Office == party.SecurityOffice, nil
	})
	adminCandidate = adminRule("admin.candidate", "没有这个用户名，或该账号不是可任命的自然人", func(_ *procedure.Ctx, _ adminForm, who string) (bool, error) {
		return who != "", nil
	})
	adminNotOneself = adminRule("admin.oneself", "不能任命自己为管理员", func(c *procedure.Ctx, _ adminForm, who string) (bool, error) {
		return who != c.Actor.Person, nil
	})
	adminNotReviewer = adminRule("admin.reviewer", "不能核对对自己的任命", func(c *procedure.Ctx, _ adminForm, who string) (bool, error) {
		return who != c.Actor.Person, nil
	})
	adminSingle = adminRule("admin.single", "此人已担任管理员职务，一人不得担任两个", func(c *procedure.Ctx, _ adminForm, who string) (bool, error) {
		office, err := party.OfficeOf(c.ReadTx, who)
		return office == "", err
	})
	adminEffect = procedure.Effect{Name: "install", Say: "职务即由被任命人担任，原任职人员的权限终止", Plan: plan.C("3"), Run: func(c *procedure.Ctx) error {
		f, err := procedure.Form[adminForm](c)
		if err != nil {
			return err
		}
		who, err := candidate(c, f)
		if err != nil {
			return err
		}
		return party.Install(c.W, f.Office, who, c.Case.Org, c.Case.No, c.Actor.Person)
	}}
)
