package procedure

import "pado/plan"

// ReturnTo is the step 退回: back to the author, who sees the opinion; what is changed shows on
// resubmission.
func ReturnTo(to string, by Role, clause plan.Clause, from ...string) Step {
	return Step{Do: "return", Label: "退回", By: by, From: from, To: to, Plan: clause, Opinion: true, Return: true}
}

// Withdraw is the step 撤回: the author takes the case back before it was decided.
func Withdraw(to string, by Role, clause plan.Clause, from ...string) Step {
	return Step{Do: "withdraw", Label: "撤回", By: by, From: from, To: to, Plan: clause}
}

// Resume is the Clock step of a state whose limit leads elsewhere.
func Resume(do, label, to string, clause plan.Clause, from ...string) Step {
	return Step{Do: do, Label: label, By: Clock, From: from, To: to, Plan: clause}
}

// FilingSpec is what a 备案 says of itself; NewFiling makes the procedure of it.
type FilingSpec struct {
	ID, Prefix, Title, Group string
	Plan                     plan.Clause
	By, To                   Role   // who files, who takes note
	Within                   string // limit of the check for completeness
	Supplement               string // limit of the supplement (补正)
	Form                     FormSpec
	Name                     func(*Ctx) (string, error)
	Starts, Require          Rules   // asked before filing
	Filed                    Effects // take place when it is filed: an effect that does not wait for the receipt
	Recorded                 Effects // take place with the 备案号
	Corrected                Effects // take place when a wrong filing is ordered corrected
	Parties                  []PartyRule
	Readers                  []Role
	Views                    []View
	Papers                   []Paper
}

// NewFiling declares a 备案: the receiving body takes it (接收), once tells all that is missing
// (一次性告知补正), and records it under a number with a receipt. It never agrees. A wrong
// filing is ordered corrected afterwards.
func NewFiling(s FilingSpec) *Procedure {
	return &Procedure{ID: s.ID, Prefix: s.Prefix, Title: s.Title, Group: s.Group, Plan: s.Plan, Kind: Filing, Start: "draft",
		Form: s.Form, Name: s.Name, Starts: s.Starts, Parties: s.Parties, Readers: s.Readers, Views: s.Views, Papers: s.Papers,
		States: Phases{
			{ID: "draft", Label: "草稿", Owes: s.By, Track: true},
			{ID: "filed", Label: "已报备待核对", Owes: s.To, Within: s.Within, Track: true},
			{ID: "supplement", Label: "待补正", Owes: s.By, Within: s.Supplement},
			{ID: "recorded", Label: "已备案", Track: true, Owes: ""},
			{ID: "correcting", Label: "责令更正中", Owes: s.By},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Steps: []Step{
			{Do: "file", Label: "报备", By: s.By, From: S("draft"), To: "filed", Plan: s.Plan, Edits: true, Require: s.Require, Then: s.Filed, Style: Primary},
			{Do: "record", Label: "材料齐全，予以备案", By: s.To, From: S("filed"), To: "recorded", Plan: s.Plan, Apart: Acts("file"), Then: s.Recorded, Numbered: true, Style: Primary},
			{Do: "notify", Label: "一次性告知补正", By: s.To, From: S("filed"), To: "supplement", Plan: s.Plan, Opinion: true, Return: true},
			{Do: "refile", Label: "补正后报备", By: s.By, From: S("supplement"), To: "filed", Plan: s.Plan, Edits: true, Require: s.Require, Then: s.Filed, Style: Primary},
			{Do: "order", Label: "责令更正", By: s.To, From: S("recorded"), To: "correcting", Plan: s.Plan, Opinion: true, Then: s.Corrected, Style: Danger},
			{Do: "correct", Label: "更正后报备", By: s.By, From: S("correcting"), To: "filed", Plan: s.Plan, Edits: true, Require: s.Require, Then: s.Filed, Style: Primary},
			Withdraw("withdrawn", s.By, s.Plan, "draft", "supplement"),
		},
	}
}
