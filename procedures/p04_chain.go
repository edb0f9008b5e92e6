package procedures

import (
	"slices"
	"strings"

	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
	"pado/plan"
)

type chainForm struct {
	Procedure string `json:"procedure"`
	Stages    string `json:"stages"`
	Reason    string `json:"reason"`
}

const anyProcedure = "*"

// The inner chains an organisation may choose from, by what is stored in the form.
var chainStages = map[string][]string{"direct": {}, "sign": {"draft", "sign"}, "review": {"draft", "review", "sign"}, "double": {"draft", "review", "review", "sign"}}

var chainOptions = []procedure.Option{{Value: "direct", Label: "直接办理"}, {Value: "sign", Label: "拟办 → 签发"},
	{Value: "review", Label: "拟办 → 审核 → 签发"}, {Value: "double", Label: "拟办 → 两级审核 → 签发"}}

// find returns a procedure of the plan; set at start, since the list holds this file's own.
var find func(id string) (*procedure.Procedure, bool)

func init() {
	party.Choices["chain_procedures"] = chainChoices // the list knows all procedures, the room none
	find = func(id string) (*procedure.Procedure, bool) {
		all := All()
		i := slices.IndexFunc(all, func(p *procedure.Procedure) bool { return p.ID == id })
		if i < 0 {
			return nil, false
		}
		return all[i], true
	}
}

// P04Chain is 内部审签设置: the lead says through which stages its organisation's acts go, for one
// procedure or for all. A chain that its people cannot carry is refused; the organisation's own
// affairs stay outside it, so that every setting can be undone.
func P04Chain() *procedure.Procedure {
	c := plan.C("3")
	return &procedure.Procedure{ID: "p04_chain", Prefix: "SQ", Title: "内部审签设置", Group: "主体与岗位", Plan: c, Start: "draft",
		Form: procedure.FormOf[chainForm](
			procedure.Field{Name: "procedure", Label: "适用的事项", Kind: procedure.Ref, Source: "chain_procedures", Required: true, Plan: c, Help: "可以选择全部事项，再为个别事项另设"},
			procedure.Field{Name: "stages", Label: "审签环节", Kind: procedure.Choice, Options: chainOptions, Required: true, Plan: c},
			procedure.Field{Name: "reason", Label: "说明", Kind: procedure.LongText, Max: 500, Plan: c}),
		States: procedure.Phases{
			{ID: "draft", Label: "填写", Owes: party.Lead, Track: true},
			{ID: "set", Label: "已生效", Final: true, Track: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Readers: []procedure.Role{party.SecurityAd, party.AuditAdm},
		Steps: []procedure.Step{
			{Do: "set", Label: "设置并生效", By: party.Lead, From: procedure.S("draft"), To: "set", Plan: c, Edits: true, Style: procedure.Primary,
				Require: procedure.Rules{chainKnown, chainManned}, Then: procedure.Effects{setChain}},
			procedure.Withdraw("withdrawn", party.Lead, c, "draft"),
		},
	}
}

var (
	chainKnown = procedure.Rule{Code: "chain.procedure", Say: "请选择本单位参与办理的事项；本单位自身的任免、审签设置等不走内部审签", Plan: plan.C("3"),
		Holds: func(c *procedure.Ctx) error {
			f, err := procedure.Form[chainForm](c)
			if err != nil || f.Procedure == anyProcedure {
				return err
			}
			_, ok := find(f.Procedure)
			return procedure.Hold(ok && !slices.Contains(party.OwnAffairs, f.Procedure), nil)
		}}
	chainManned = procedure.Rule{Code: "chain.manned", Say: "现有人员的审签职责不足以走完所选环节：每一环节须有不同的人，请先任命", Plan: plan.C("3"),
		Holds: func(c *procedure.Ctx) error {
			f, err := procedure.Form[chainForm](c)
			if err != nil || len(chainStages[f.Stages]) == 0 {
				return err
			}
			roles, err := chainRoles(c, f.Procedure)
			if err != nil {
				return err
			}
			return procedure.Hold(party.Manned(c.ReadTx, c.Case.Org, roles, chainStages[f.Stages]))
		}}
	setChain = procedure.Effect{Name: "chain", Say: "此后的办理即按所选环节流转", Plan: plan.C("3"), Run: func(c *procedure.Ctx) error {
		f, err := procedure.Form[chainForm](c)
		if err != nil {
			return err
		}
		if err := party.SetChain(c.W, c.Case.Org, f.Procedure, "*", chainStages[f.Stages]); err != nil {
			return err
		}
		return c.SetSubject(c.Case.Org)
	}}
)

// chainRoles are the desks of the organisation that take steps in the procedure; none = all.
func chainRoles(c *procedure.Ctx, proc string) (out []procedure.Role, err error) {
	p, ok := find(proc)
	if !ok {
		return nil, nil
	}
	for _, s := range p.Steps {
		if slices.Contains(out, s.By) {
			continue
		}
		is, err := party.HasRole(c.ReadTx, c.Case.Org, s.By)
		if err != nil {
			return nil, err
		}
		if is {
			out = append(out, s.By)
		}
	}
	if len(out) == 0 {
		return []procedure.Role{""}, nil // no desk of the organisation acts in it
	}
	return out, nil
}

// chainChoices are the procedures an inner chain can be set for.
func chainChoices(_ *store.ReadTx, a procedure.Actor, q string) ([]procedure.Option, error) {
	out := []procedure.Option{{Value: anyProcedure, Label: "全部事项"}}
	for _, p := range All() {
		takes := slices.ContainsFunc(p.Steps, func(s procedure.Step) bool { return a.Has(s.By) && s.By != party.Person })
		if takes && !slices.Contains(party.OwnAffairs, p.ID) && strings.Contains(p.Title, strings.TrimSpace(q)) {
			out = append(out, procedure.Option{Value: p.ID, Label: p.Title})
		}
	}
	return out, nil
}
