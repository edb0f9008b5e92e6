package procedures

import (
	"errors"

	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/governance"
	"pado/domain/governance/sample"
	"pado/plan"
)

// hookupReading: where the source confirmed how its file is read, the declaration reads so.
var hookupReading = hookupRule("hookup.reading", "声明中的读法与数源部门确认的不一致，请在“流水线”页采用确认的读法", "7.2", func(c *procedure.Ctx, f hookupForm) error {
	p, _, err := governance.ReadPipeline(f.Pipeline)
	if err != nil {
		return nil // said by the rule of the declaration itself
	}
	ok, err := sample.Follows(c.ReadTx, c.Case.No, p)
	return procedure.Hold(ok, err)
})

// hookupGuide leads through a connection: what is done, whose turn it is, where to go on. The
// pages it points to hold the sample and the pipeline; the acts stay the case's own.
func hookupGuide(c *procedure.Ctx) (procedure.Section, error) {
	s := procedure.Section{Kind: "panel", Panel: "hookup"}
	f, err := procedure.Form[hookupForm](c)
	if err != nil {
		return s, err
	}
	confirmed, x, err := sample.Confirmed(c.ReadTx, c.Case.No)
	if err != nil {
		return s, err
	}
	newest, err := sample.Newest(c.ReadTx, c.Case.No)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return s, err
	}
	raw, v, err := lastVersion(c)
	if err != nil {
		return s, err
	}
	row := func(step, note, status, to string) {
		s.Rows = append(s.Rows, map[string]any{"label": step, "note": note, "status": status, "to": to})
	}
	state := func(done bool, before bool) string {
		switch {
		case done:
			return "done"
		case before:
			return "current"
		}
		return "future"
	}
	reading, line := "/cases/"+c.Case.No+"/reading", "/cases/"+c.Case.No+"/pipeline"
	switch {
	case newest.N == 0:
		row("上传样本", "由数源部门上传一份有代表性的文件，只有本部门人员能看", "current", reading)
	case newest.State == "removed":
		row("上传样本", "样本已销毁", "done", reading)
	default:
		row("上传样本", newest.Name, "done", reading)
	}
	note := "数源部门核对表头、分节行、合计行后确认"
	if confirmed != nil {
		note = x.Confirmed.Format("2006-01-02") + " 由" + confirmed.Source.Confirmed.By + "确认"
	}
	row("确认读法", note, state(confirmed != nil, newest.N > 0), reading)
	note = "运营机构按确认的读法编写清洗、校验、脱敏步骤"
	if f.Pipeline != "" {
		note = "已填写，可在样本上试运行"
	}
	row("编写流水线", note, state(f.Pipeline != "", confirmed != nil), line)
	connected := raw != nil || c.Case.State == "delivery" || c.Case.State == "ingesting" || c.Case.State == "running"
	row("完成对接", "运营机构办理“完成对接”", state(connected, f.Pipeline != ""), "")
	row("报送和治理", "数源部门报送正式文件，治理作业产生数据集版本", state(v != nil, connected), "")
	row("验收入池", "运营机构按质量报告验收", state(v != nil && v.State == "accepted", v != nil), "")
	return s, nil
}

// hookupGuideView is the guide as a view of the case.
func hookupGuideView() procedure.View {
	return procedure.View{Title: "接入向导", Plan: plan.C("6.2.2"), In: procedure.S("draft", "coordination", "connecting", "delivery", "ingesting", "running"), Draw: hookupGuide}
}

// hookupStepView shows what each step of the pipeline did to the newest delivery.
func hookupStepView() procedure.View {
	return procedure.View{Title: "治理步骤", Plan: plan.C("6.2.2"), Draw: func(c *procedure.Ctx) (procedure.Section, error) {
		_, v, err := lastVersion(c)
		if err != nil || v == nil {
			return procedure.Section{}, err
		}
		return governance.StepSection(*v)
	}}
}
