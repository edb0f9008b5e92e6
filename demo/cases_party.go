package demo

import (
	"fmt"
	"time"

	"pado/core/calendar"
	"pado/core/id"
)

// newcomer registers a person of the public under the demonstration's password.
func (t *Town) newcomer(user, name string, n int) {
	if t.err != nil {
		return
	}
	card, err := id.MakeIDCard("140602", calendar.Date{Y: 1985 + n%10, M: time.Month(1 + n%12), D: 10}, 101+n)
	if err != nil {
		t.Fail("make an identity number: %w", err)
		return
	}
	t.Register(user, Form{"user": user, "password": Password, "name": name, "phone": fmt.Sprintf("138%08d", 34910000+n), "idCard": card.Number()})
	t.joined = append(t.joined, Account{User: user, Password: Password, Roles: []string{"person"}, Org: "", Name: name})
}

// became notes what a person has been confirmed in.
func (t *Town) became(user, role, org string) {
	for i := range t.joined {
		if t.joined[i].User == user {
			t.joined[i].Roles, t.joined[i].Org = append(t.joined[i].Roles, role), org
		}
	}
}

// applicants are people whose companies want to be confirmed.
var applicants = []struct{ user, name, firm, role, division string }{
	{"new1", "耿文山", "朔州晋北云数科技有限公司", "developer", "140600"}, {"new2", "庞晓峰", "怀仁市陶都信息服务有限公司", "developer", "140681"}, {"new3", "车雨辰", "应县木塔文旅数据有限公司", "customer", "140622"},
	{"new4", "侯一凡", "右玉县生态咨询有限公司", "customer", "140623"}, {"new5", "闫立新", "山阴县乳业供应链有限公司", "customer", "140621"}, {"new6", "麻小川", "平鲁区新能源运维有限公司", "customer", "140603"}, {"new7", "景南风", "朔州开发区智算服务有限公司", "developer", "140671"},
}

func (t *Town) subject(n int) string {
	a := applicants[n]
	t.newcomer(a.user, a.name, n)
	code, err := id.MakeUSCC('9', '1', a.division, fmt.Sprintf("MAC%05d", n))
	if err != nil {
		t.Fail("make a credit code: %w", err)
	}
	return t.Start(a.user, "p04_subject", Form{"uscc": string(code), "name": a.firm, "kind": "company", "legalPerson": true, "legalRep": a.name, "address": "朔州市（演示地址）", "phone": "0349-2020000",
		"role": a.role, "division": a.division, "licence": t.Attach(a.user, "营业执照.pdf", signed), "letter": t.Attach(a.user, "授权委托书.pdf", signed)})
}

func (t *Town) change(user, name, prefix string) string {
	f := Form{"name": name, "kind": "company", "legalPerson": true, "address": "朔州市朔城区（演示地址）新址", "phone": "0349-2021111", "licence": t.Attach(user, "变更后的营业执照.pdf", signed)}
	if prefix != "" {
		f["kind"], f["docPrefix"] = "organ", prefix
	}
	return t.Start(user, "p04_change", f)
}

func (t *Town) delegate(lead, person, to, role, until string) string {
	return t.Start(lead, "p04_appoint", Form{"kind": "delegate", "person": t.Pick(lead, "colleagues", person), "role": role, "to": t.Pick(lead, "colleagues", to), "from": t.today().String(), "until": until,
		"reason": "外出培训期间委托代办"})
}

func (t *Town) join(n int, org, role string) string {
	user := fmt.Sprintf("join%d", n)
	t.newcomer(user, []string{"邢嘉树", "米朵", "常欢", "仝亮", "亢慧"}[n], 20+n)
	return t.Start(user, "p04_join", Form{"org": t.Pick(user, "join_orgs", org), "role": role, "duty": "数据产品开发与维护", "letter": t.Attach(user, "任职证明.pdf", signed)})
}

// chain opens a setting of an organisation's inner chain.
func (t *Town) chain(user, procedure, stages string) string {
	return t.Start(user, "p04_chain", Form{"procedure": procedure, "stages": stages, "reason": "依本单位公文办理程序"})
}

func (t *Town) nominate(office, user string) string {
	return t.Start("data1", "p04_admin", Form{"office": office, "username": user, "reason": "岗位调整，拟由其接任"})
}

// partyCases: companies and people on their way in, changes, posts, inner chains and the three
// administrators.
func partyCases(t *Town) {
	// The last company of the list comes in two weeks later.
	t.walk(t.subject(0), plainly("new1", "submit"), plainly("data2", "confirm"))
	t.became("new1", applicants[0].role, applicants[0].firm)
	t.walk(t.subject(1), plainly("new2", "submit"), say("county6", "return", "授权委托书未载明经办人，请补充"))
	t.walk(t.subject(2), plainly("new3", "submit"), say("county4", "refuse", "证照与登记信息不符"))
	t.walk(t.subject(3), plainly("new4", "submit"), plainly("new4", "withdraw"))
	t.walk(t.subject(4), plainly("new5", "submit"))
	t.taken = t.subject(5)

	t.walk(t.join(0, "朔州雁门数智科技有限公司", "developer"), plainly("join0", "submit"), with("dev1", "agree", Form{"ranks": []string{"draft"}}))
	t.became("join0", "developer", "朔州雁门数智科技有限公司")
	t.walk(t.join(1, "朔州桑源数据运营有限公司", "operator"), plainly("join1", "submit"))
	t.walk(t.join(2, "朔州长城融资担保有限公司", "customer"), plainly("join2", "submit"), say("bank1", "return", "请上传任职证明原件扫描件"))
	t.walk(t.join(3, "朔州雁门数智科技有限公司", "developer"), plainly("join3", "submit"), say("dev1", "refuse", "非本单位人员"))

	t.walk(t.change("dev1", "朔州雁门数智科技有限公司", ""), plainly("dev1", "submit"), plainly("data2", "confirm"))
	t.walk(t.change("shop1", "朔城区惠民环保服务部", ""), plainly("shop1", "submit"))
	t.walk(t.change("deva1", "山西恒岳信息技术有限公司", ""), plainly("deva1", "submit"), say("data2", "return", "证照不清晰"))
	t.walk(t.change("bank1", "朔州长城融资担保有限公司", ""), plainly("bank1", "submit"), say("data2", "refuse", "变更事项未经登记机关核准"))
	t.change("oper1", "朔州桑源数据运营有限公司", "")

	until := t.today().AddMonths(3).String()
	t.walk(t.delegate("health1", "李文博", "周晓岚", "source", until), plainly("health1", "decide"))
	t.walk(t.delegate("oper1", "张伯安", "施雅文", "operator", until), plainly("oper1", "decide"))
	t.walk(t.delegate("fin1", "沈一凡", "蒋明月", "treasury", until), plainly("fin1", "withdraw"))
	t.delegate("hrss1", "陈思齐", "冯建国", "source", until)

	t.walk(t.chain("gov1", "p05_mandate", "sign"), plainly("gov1", "set"))
	t.walk(t.chain("county1", "p05_mandate", "sign"), plainly("county1", "withdraw"))
	t.chain("data1", "p10_3b_ceiling", "review")

	t.walk(t.nominate("system", "data3"), plainly("data1", "submit"))
	t.walk(t.nominate("audit", "data2"), plainly("data1", "submit"), say("secadmin", "refuse", "现任管理员未提出离任"))
	t.walk(t.nominate("security", "data2"), plainly("data1", "submit_security"))
	t.walk(t.nominate("audit", "data3"), plainly("data1", "withdraw"))
	t.nominate("system", "data2")
}
