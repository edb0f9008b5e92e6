package permit

import (
	"pado/core/procedure"
	"pado/plan"
)

// Codes of a no. They are stable and shown to programs; the sentences belong to them.
const (
	Stopped           = "permit.suspended"
	NoGrant           = "permit.no_grant"
	GrantRevoked      = "permit.grant_revoked"
	GrantPeriod       = "permit.grant_period"
	NoAgreement       = "permit.no_agreement"
	AgreementEnded    = "permit.agreement_ended"
	AgreementExpired  = "permit.agreement_expired"
	ItemWithdrawn     = "permit.item_withdrawn"
	ItemNotAuthorised = "permit.item_not_authorised"
	ItemPeriod        = "permit.item_period"
	ItemNotGranted    = "permit.item_not_granted"
	FieldNotGranted   = "permit.field"
	PurposeDiffers    = "permit.purpose"
	Unlisted          = "permit.unlisted"
	ListPurpose       = "permit.list_purpose"
)

var reasons = map[string]struct {
	clause plan.Clause
	say    string
}{
	NoGrant:           {plan.C("6.3.2"), "没有属于本单位的这项数据使用许可，请先提出数据需求并获同意"},
	GrantRevoked:      {plan.C("6.3.2"), "这项数据使用许可已被收回，不能再据此使用数据"},
	GrantPeriod:       {plan.C("6.3.2"), "不在数据使用许可载明的期限内"},
	NoAgreement:       {plan.C("5.3"), "没有生效的授权运营协议，任何单位不得使用这项公共数据"},
	AgreementEnded:    {plan.C("8.1"), "授权运营协议已经终止，据此取得的使用权同时终止"},
	AgreementExpired:  {plan.C("8.1"), "授权运营协议已经到期，据此取得的使用权同时终止"},
	ItemWithdrawn:     {plan.C("7.2b"), "这一目录项不在资源目录中，或者已经撤销"},
	ItemNotAuthorised: {plan.C("9.2"), "这一目录项不在授权运营目录内，超出授权范围"},
	ItemPeriod:        {plan.C("8.1"), "这一目录项的授权期限尚未开始或者已经届满"},
	ItemNotGranted:    {plan.C("6.3.2"), "数据使用许可中没有这一目录项"},
	FieldNotGranted:   {plan.C("10.5.2"), "所用的信息项超出许可范围，只能使用许可中列明的信息项"},
	PurposeDiffers:    {plan.C("11.3"), "用途与许可载明的用途不一致，不得超用途使用"},
	Unlisted:          {plan.C("9.2"), "产品不在已备案公开的产品清单内，清单之外不得开发或提供"},
	ListPurpose:       {plan.C("9.2"), "用途与产品清单载明的用途不一致"},
}

var stopSays = map[string]string{
	StopAgreement: "授权运营协议已被暂停，恢复之前不得使用数据",
	StopOrg:       "本单位已被暂停使用公共数据，恢复之前不得使用",
	StopProduct:   "该产品已被暂停，恢复之前不得提供或调用",
	StopGrant:     "这项数据使用许可已被暂停，恢复之前不得使用",
	StopItem:      "这一目录项已被暂停使用，恢复之前不得使用",
}

func suspended(kind string) *procedure.Refused {
	return &procedure.Refused{Code: Stopped, Message: stopSays[kind], Clause: plan.C("10.7.3")}
}

func refuse(code string) *procedure.Refused {
	r := reasons[code]
	return &procedure.Refused{Code: code, Message: r.say, Clause: r.clause}
}
