package procedures

import (
	"encoding/json"

	"pado/core/procedure"
	"pado/domain/catalogue"
	"pado/domain/party"
	"pado/plan"
)

type questionForm struct {
	Item     string `json:"item"`
	Field    string `json:"field"`
	Question string `json:"question"`
}

type answerInput struct {
	Answer string `json:"answer"`
	Shown  string `json:"shown"`
}

type followInput struct {
	Question string `json:"question"`
}

func fieldQuestions() []*procedure.Procedure {
	return []*procedure.Procedure{P10Question(), P10QuestionByOperator()}
}

// P10Question is 信息项问答 (clauses 10.1.1, 7.2b): a developer asks the source what an information item
// means, how it is collected, what its values stand for; the answer becomes documentation of the item.
// P10QuestionByOperator is the same for the operator.
func P10Question() *procedure.Procedure {
	return question("p10_1_question_developer", "WD", "信息项问答（开发主体提问）", party.Developer)
}

// P10QuestionByOperator is described at P10Question.
func P10QuestionByOperator() *procedure.Procedure {
	return question("p10_1_question_operator", "WY", "信息项问答（运营机构提问）", party.Operator)
}

func question(id, prefix, title string, by procedure.Role) *procedure.Procedure {
	c := plan.C("10.1.1")
	shown := procedure.Field{Name: "shown", Label: "答复的公开范围", Kind: procedure.Choice, Options: catalogue.Shown, Required: true, Plan: c}
	return &procedure.Procedure{ID: id, Prefix: prefix, Title: title, Group: "目录与供给", Plan: c, Start: "draft",
		Name: func(c *procedure.Ctx) (string, error) {
			f, err := procedure.Form[questionForm](c)
			if err != nil || f.Item == "" {
				return "", err
			}
			it, err := catalogue.ByID(c.ReadTx, f.Item)
			if err != nil {
				return "", nil
			}
			return "问“" + it.Title + "”" + fieldLabel(it, f.Field), nil
		},
		Form: procedure.FormOf[questionForm](
			procedure.Field{Name: "item", Label: "目录项", Kind: procedure.Ref, Source: "catalogue", Required: true, Plan: c},
			procedure.Field{Name: "field", Label: "信息项", Kind: procedure.Ref, Source: "catalogue_item_fields", Plan: c, Help: "输入信息项或目录项的名称查找；留空表示就整个目录项提问"},
			procedure.Field{Name: "question", Label: "问题", Kind: procedure.LongText, Min: 4, Max: 2000, Required: true, Plan: c, Help: "例如口径、采集方式、代码表、空值的含义；不得填写个人信息"}),
		States: procedure.Phases{
			{ID: "draft", Label: "填写", Owes: by, Track: true},
			{ID: "asked", Label: "待数源部门答复", Owes: party.Source, Within: "catalogue.answer", Track: true},
			{ID: "answered", Label: "已答复，可以追问", Owes: by, Within: "catalogue.question_settle", Else: "settle", Track: true},
			{ID: "closed", Label: "已办结", Final: true, Track: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Parties: []procedure.PartyRule{{Role: party.Source, Find: questionSource}},
		Readers: []procedure.Role{party.Authority, party.Auditor},
		Steps: []procedure.Step{
			{Do: "submit", Label: "提问", By: by, From: procedure.S("draft"), To: "asked", Plan: c, Edits: true, Style: procedure.Primary, Require: procedure.Rules{questionTarget}},
			{Do: "answer", Label: "答复", By: party.Source, From: procedure.S("asked"), To: "answered", Plan: c, Style: procedure.Primary,
				Input: []procedure.Field{{Name: "answer", Label: "答复", Kind: procedure.LongText, Min: 2, Max: 2000, Required: true, Plan: c, Help: "选择写入释义的，将显示在目录项页面上"}, shown},
				Then:  procedure.Effects{documentAnswer}},
			{Do: "follow", Label: "追问", By: by, From: procedure.S("answered"), To: "asked", Plan: c,
				Input: []procedure.Field{{Name: "question", Label: "追问", Kind: procedure.LongText, Min: 4, Max: 2000, Required: true, Plan: c}}},
			{Do: "close", Label: "已解答，办结", By: by, From: procedure.S("answered"), To: "closed", Plan: c, Style: procedure.Primary},
			{Do: "settle", Label: "期满办结", By: procedure.Clock, From: procedure.S("answered"), To: "closed", Plan: c},
			procedure.Withdraw("withdrawn", by, c, "draft", "asked"),
		},
		Views: []procedure.View{{Title: "问答记录", Plan: c, Draw: questionThread}},
	}
}

func fieldLabel(it catalogue.Item, name string) string {
	for _, f := range it.Fields {
		if f.Name == name {
			return "的“" + f.Label + "”"
		}
	}
	return ""
}

func questionSource(c *procedure.Ctx) (string, error) {
	f, err := procedure.Form[questionForm](c)
	if err != nil || f.Item == "" {
		return "", err
	}
	it, err := catalogue.ByID(c.ReadTx, f.Item)
	if ruleMissing(err) == procedure.ErrFails {
		return "", nil
	}
	return it.SourceOrg, err
}

var questionTarget = procedure.Rule{Code: "question.item", Say: "所选目录项已撤销，或者其中没有这个信息项", Plan: plan.C("10.1.1"), Holds: func(c *procedure.Ctx) error {
	f, err := procedure.Form[questionForm](c)
	if err != nil {
		return err
	}
	it, err := catalogue.ByID(c.ReadTx, f.Item)
	if err != nil {
		return ruleMissing(err)
	}
	return procedure.Hold(it.State == catalogue.StatePublished && (f.Field == "" || fieldLabel(it, f.Field) != ""), nil)
}}

// asked is what the source answers now: the last follow-up, or the question of the form.
func asked(c *procedure.Ctx) (string, error) {
	var raw string
	err := c.Get(&raw, `SELECT input FROM case_event WHERE case_no = $1 AND action = 'follow' ORDER BY n DESC LIMIT 1`, c.Case.No)
	if err == nil {
		return followed(raw)
	}
	if ruleMissing(err) != procedure.ErrFails {
		return "", err
	}
	f, err := procedure.Form[questionForm](c)
	return f.Question, err
}

var documentAnswer = procedure.Effect{Name: "document", Say: "答复按所选范围写入信息项释义", Plan: plan.C("10.1.1"), Run: func(c *procedure.Ctx) error {
	f, err := procedure.Form[questionForm](c)
	if err != nil {
		return err
	}
	in, err := procedure.Input[answerInput](c)
	if err != nil {
		return err
	}
	q, err := asked(c)
	if err != nil {
		return err
	}
	_, err = catalogue.Document(c.W, catalogue.FieldAnswer{CaseNo: c.Case.No, Item: f.Item, Field: f.Field, Question: q, Answer: in.Answer, Shown: in.Shown, Org: c.Desk.Org, Person: c.Actor.Person})
	return err
}}

func questionThread(c *procedure.Ctx) (procedure.Section, error) {
	list, err := catalogue.Thread(c.ReadTx, c.Case.No)
	if err != nil || len(list) == 0 {
		return procedure.Section{}, err
	}
	s := procedure.Section{Kind: "table", Columns: []procedure.Column{{Key: "at", Label: "答复时间", Kind: "datetime"}, {Key: "question", Label: "问", Kind: "text", Primary: true},
		{Key: "answer", Label: "答", Kind: "text"}, {Key: "shown", Label: "公开范围", Kind: "tag"}}}
	for _, x := range list {
		s.Rows = append(s.Rows, map[string]any{"at": x.At, "question": x.Question, "answer": x.Answer, "shown": catalogue.Label(catalogue.Shown, x.Shown)})
	}
	return s, nil
}

func followed(raw string) (string, error) {
	var in followInput
	err := json.Unmarshal([]byte(raw), &in)
	return in.Question, err
}
