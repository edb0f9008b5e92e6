package party

// Messages as people read them. This file imports nothing; the ids are stored and stay.
//
// Words in braces are replaced: no, procedure, title, state, role (who has the move), due, by
// (who acted), did (the act), say (the opinion), next, org, count, overdue, list.

type template struct {
	id, kind, title, body string
	sms, mail             bool
}

// Kinds of message: one that asks for a move, and one that tells a result.
const (
	KindTodo   = "todo"
	KindSystem = "system"
)

var (
	tplMove = template{"todo.move", KindTodo, "待办：{procedure}",
		"“{title}”（{no}）现处于“{state}”，请以{role}身份办理{due}。上一步由{by}办理“{did}”。{say}", true, false}
	tplReturned = template{"todo.returned", KindTodo, "退回：{procedure}",
		"您的“{title}”（{no}）已由{by}退回。{say}请按意见修改后重新提交{due}。", true, true}
	tplAssigned = template{"todo.assigned", KindTodo, "转办：{procedure}",
		"{by}把“{title}”（{no}）转给您办理，现处于“{state}”{due}。{say}", true, false}
	tplUrged = template{"todo.urged", KindTodo, "催办：{procedure}",
		"{by}催办“{title}”（{no}），现处于“{state}”{due}。请尽快办理，不能办理的请退回并写明理由。", true, true}
	tplSupervised = template{"todo.supervised", KindTodo, "督办：{procedure}",
		"{by}督办“{title}”（{no}），现处于“{state}”{due}。{say}请办理后在事项中写明情况。", true, true}
	tplOverdue = template{"todo.overdue", KindTodo, "逾期：{procedure}",
		"“{title}”（{no}）在“{state}”已超过办理时限{due}。请立即办理。", true, true}
	tplReview = template{"todo.chain.review", KindTodo, "待审核：{procedure}",
		"{by}就“{title}”（{no}）办理了“{did}”，请审核{due}。{say}", true, false}
	tplCountersign = template{"todo.chain.countersign", KindTodo, "待会签：{procedure}",
		"{by}就“{title}”（{no}）办理了“{did}”，请会签{due}。{say}", true, false}
	tplSign = template{"todo.chain.sign", KindTodo, "待签发：{procedure}",
		"{by}就“{title}”（{no}）办理了“{did}”，请签发{due}。{say}", true, false}
	tplRedraft = template{"todo.chain.back", KindTodo, "退回拟办：{procedure}",
		"您就“{title}”（{no}）的拟办已由{by}退回。{say}请修改后重新送审{due}。", true, false}
	tplHandover = template{"todo.handover", KindTodo, "移交：{title}",
		"“{title}”（{no}）因原承办人离岗移交：{say}。移交人{by}。", false, false}

	tplResult = template{"system.result", KindSystem, "办结：{procedure}",
		"“{title}”（{no}）已由{by}办理“{did}”，结果为“{state}”。{say}{next}", true, true}
	tplProgress = template{"system.progress", KindSystem, "进展：{procedure}",
		"“{title}”（{no}）已由{by}办理“{did}”，现处于“{state}”。{say}{next}", false, false}
	tplCopied = template{"system.copied", KindSystem, "抄送：{procedure}",
		"{by}把“{title}”（{no}）抄送{org}，现处于“{state}”。仅供知悉，不需办理。", false, false}
	tplOverdueLead = template{"system.overdue", KindSystem, "本单位事项逾期：{procedure}",
		"“{title}”（{no}）由本单位{role}办理，在“{state}”已超过时限{due}。可以转办或督促承办人。", false, true}
	tplAccount = template{"system.account", KindSystem, "您的账号：{did}",
		"{by}对您的账号办理了“{did}”。如果您不知道这件事，请立即联系安全管理员。", true, true}
	tplProgram = template{"system.program", KindSystem, "本单位程序账号：{did}",
		"{by}对{org}的程序账号“{title}”办理了“{did}”。如果您不知道这件事，请立即吊销其令牌并联系安全管理员。", true, true}
	tplDigest = template{"system.digest", KindSystem, "今日待办 {count} 件",
		"您现有待办 {count} 件，其中逾期 {overdue} 件。\n{list}", false, true}
)

// accountActs are the acts on an account that its person hears of, or a program's leads, by the action of the entry.
var accountActs = map[string]string{"reset": "重置口令", "reset-both": "重置口令并解除动态口令", "lock": "锁定", "unlock": "解锁",
	"disable": "停用", "enable": "恢复使用", "drop-factor": "解除动态口令", "contact": "变更联系方式", "reveal": "查看完整联系方式",
	"reveal-id-card": "查看完整身份号码", "program": "开设账号", "token": "签发访问令牌", "revoke": "吊销访问令牌"}

// Fragments.
const (
	txtDue        = "，请于%s前办结"
	txtDueUnknown = "，办理时限待%d年工作日历公布后确定"
	txtSay        = "意见：%s。"
	txtNext       = "下一步由%s办理%s。"
	txtDone       = "如对结果有疑问，可在事项页查看依据条款和办理记录。"
	txtClock      = "系统（时限届满）"
	txtSMS        = "【公共数据授权运营平台】%s，编号%s，请登录平台查看。"
	txtSMSBare    = "【公共数据授权运营平台】%s，请登录平台查看。"
	txtLine       = "%s %s（%s）%s"
	txtMore       = "……另有 %d 件，请登录平台查看"
	txtHandover   = "人员离岗移交"
	txtHandTo     = "由%s继续办理"
	txtHandBack   = "交回岗位，由同岗人员办理"
)
