package procedures

import (
	"errors"

	"pado/core/procedure"
	"pado/domain/governance"
	"pado/domain/governance/ingest/pipeline"
	"pado/domain/party"
	"pado/plan"
)

type reviseInput struct {
	Pipeline  string `json:"pipeline"`
	RowsBound int    `json:"rowsBound"`
	Reason    string `json:"reason"`
}

// revisionSteps are the ways of a pipeline to its next version: the operator proposes, the data
// authority agrees, and the newest delivery is governed anew.
func revisionSteps() []procedure.Step {
	c := plan.C("6.2.2")
	input := []procedure.Field{{Name: "pipeline", Label: "修订后的流水线声明", Kind: procedure.LongText, Max: 20000, Required: true, Plan: c},
		{Name: "rowsBound", Label: "每个保护单元参与一次提问的最多行数", Kind: procedure.Integer, Min: 1, Max: 1000, Required: true, Plan: plan.C("6.3.3")},
		{Name: "reason", Label: "修订说明", Kind: procedure.LongText, Max: 1000, Required: true, Plan: c}}
	return []procedure.Step{
		{Do: "revise", Label: "修订流水线", By: party.Operator, From: procedure.S("running"), To: "revision", Plan: c, Input: input, Require: procedure.Rules{hookupAuthorised, hookupRevision}, Then: procedure.Effects{proposeRevision}},
		{Do: "approve_revision", Label: "同意修订，按新版本重新治理", By: party.Authority, From: procedure.S("revision"), To: "ingesting", Plan: c, Opinion: true, Style: procedure.Primary, Apart: procedure.Acts("revise"),
			Require: procedure.Rules{hookupAuthorised}, Then: procedure.Effects{decideRevision(true)}},
		{Do: "refuse_revision", Label: "不同意修订", By: party.Authority, From: procedure.S("revision"), To: "running", Plan: c, Opinion: true, Style: procedure.Danger, Then: procedure.Effects{decideRevision(false)}},
	}
}

// hookupRevision holds a proposed declaration to everything the first one was held to.
var hookupRevision = procedure.Rule{Code: "hookup.revision", Say: "修订后的流水线不符合要求", Plan: plan.C("6.2.2"), Holds: func(c *procedure.Ctx) error {
	in, err := procedure.Input[reviseInput](c)
	if err != nil {
		return err
	}
	f, err := procedure.Form[hookupForm](c)
	if err != nil {
		return err
	}
	f.Pipeline, f.RowsBound = in.Pipeline, in.RowsBound
	if err := pipelineHolds(f); err != nil {
		var inv *procedure.Invalid
		if errors.As(err, &inv) {
			for i := range inv.Errors {
				inv.Errors[i].Path = "input." + inv.Errors[i].Path
			}
		}
		return err
	}
	rows, err := matchFields(c, f)
	if err != nil {
		return err
	}
	if err := personalHolds(rows); err != nil {
		return err
	}
	h, err := governance.HookupOfCase(c.ReadTx, c.Case.No)
	if err != nil {
		return err
	}
	err = governance.Revisable(c.ReadTx, h, in.Pipeline, in.RowsBound)
	var bad *pipeline.Error
	switch {
	case errors.Is(err, governance.ErrSamePipeline):
		return procedure.Refuse("hookup.same_pipeline", plan.C("6.2.2"), "与在用的流水线相同，没有修订内容")
	case errors.Is(err, governance.ErrUnit):
		return procedure.Refuse("hookup.unit", plan.C("6.3.3"), "修订不能更换保护单元，请停止后重新接入")
	case errors.As(err, &bad):
		return procedure.ErrFails
	}
	return err
}}

var proposeRevision = procedure.Effect{Name: "propose", Say: "登记新的流水线版本，待数据管理部门审核", Plan: plan.C("6.2.2"), Run: func(c *procedure.Ctx) error {
	in, err := procedure.Input[reviseInput](c)
	if err != nil {
		return err
	}
	h, err := governance.HookupOfCase(c.ReadTx, c.Case.No)
	if err != nil {
		return err
	}
	return governance.ProposePipeline(c.W, h, in.Pipeline, in.RowsBound, in.Reason, c.Actor.Person)
}}

// decideRevision decides the proposed version; after an approval there must be something to accept.
func decideRevision(approve bool) procedure.Effect {
	name, say := "refuse_revision", "流水线保持原版本"
	if approve {
		name, say = "approve_revision", "新版本启用，最近一次报送按新版本重新治理"
	}
	return procedure.Effect{Name: name, Say: say, Plan: plan.C("6.2.2"), Run: func(c *procedure.Ctx) error {
		h, err := governance.HookupOfCase(c.ReadTx, c.Case.No)
		if err != nil {
			return err
		}
		_, err = governance.DecidePipeline(c.W, h, approve, c.Actor.Person, c.Desk.Org)
		return err
	}}
}
