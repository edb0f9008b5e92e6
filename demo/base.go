// Package demo builds a deterministic city: organisations, people, files and cases, all of them
// made up. It drives the same engine as everybody; nothing of it is in a real city's records.
package demo

import (
	"context"
	"fmt"
	"time"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/id"
	"pado/core/identity"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
)

// Start is the business time a demonstration city begins at.
var Start = time.Date(2026, 3, 2, 9, 0, 0, 0, calendar.Shanghai)

// Password of every demonstration account.
const Password = "Pado-2026-demo"

// Account is one line of demo.json.
type Account struct {
	User     string   `json:"user"`
	Password string   `json:"password"`
	Roles    []string `json:"roles"`
	Org      string   `json:"org"`
	Name     string   `json:"-"`
}

// member is a person of an organisation: user name, name, and whether it leads.
type member struct {
	user, name string
	lead       bool
}

type organisation struct {
	id, name, division, prefix string
	kind                       party.Kind
	authority, body            byte // first two characters of the credit code
	roles                      []procedure.Role
	members                    []member
}

// city lists the made-up organisations. Public bodies carry the generic names every prefecture
// has; companies are invented.
func city() []organisation {
	organ := func(id, name, division, prefix string, roles []procedure.Role, m ...member) organisation {
		return organisation{id, name, division, prefix, party.Organ, '1', '1', roles, m}
	}
	firm := func(id, name, division string, roles []procedure.Role, m ...member) organisation {
		return organisation{id, name, division, "", party.Company, '9', '1', roles, m}
	}
	r := func(list ...procedure.Role) []procedure.Role { return list }
	out := []organisation{
		organ("org_gov", "朔州市人民政府", "140600", "朔政函", r(party.Government), member{"gov1", "赵明远", true}, member{"gov2", "钱秋实", false}),
		organ("org_health", "朔州市卫生健康委员会", "140600", "朔卫数", r(party.Source, party.Regulator), member{"health1", "孙静怡", true}, member{"health2", "李文博", false}, member{"health3", "周晓岚", false}),
		organ("org_eco", "朔州市生态环境局", "140600", "朔环数", r(party.Source, party.Regulator), member{"eco1", "吴海涛", true}, member{"eco2", "郑雨桐", false}, member{"eco3", "王立冬", false}),
		organ("org_hrss", "朔州市人力资源和社会保障局", "140600", "朔人社数", r(party.Source, party.Regulator), member{"hrss1", "冯建国", true}, member{"hrss2", "陈思齐", false}),
		organ("org_drc", "朔州市发展和改革委员会", "140600", "朔发改价", r(party.Pricing), member{"drc1", "褚文静", true}, member{"drc2", "卫国栋", false}),
		organ("org_fin", "朔州市财政局", "140600", "朔财综", r(party.Treasury), member{"fin1", "蒋明月", true}, member{"fin2", "沈一凡", false}),
		organ("org_cac", "中共朔州市委网络安全和信息化委员会办公室", "140600", "朔网办", r(party.Cyberspace), member{"cac1", "韩雪松", true}),
		organ("org_police", "朔州市公安局", "140600", "朔公网", r(party.Police, party.Source, party.Regulator), member{"police1", "杨振宇", true}, member{"police2", "岳长安", false}),
		organ("org_secrecy", "朔州市国家保密局", "140600", "朔保", r(party.Secrecy), member{"secrecy1", "朱慎言", true}),
		organ("org_market", "朔州市市场监督管理局", "140600", "朔市监", r(party.Market, party.Source, party.Regulator), member{"market1", "秦正平", true}, member{"market2", "柳公平", false}),
		organ("org_audit", "朔州市审计局", "140600", "朔审", r(party.Auditor), member{"audit1", "尤公正", true}),
		{"org_water", "朔州市城市供水服务中心", "140600", "", party.Institution, '1', '2', r(party.Source), []member{{"water1", "许清源", true}, {"water2", "何长流", false}}},
		{"org_heat", "朔州市集中供热服务中心", "140600", "", party.Institution, '1', '2', r(party.Source), []member{{"heat1", "温长春", true}, {"heat2", "管如春", false}}},
		firm("org_power", "朔州桑源供电服务有限公司", "140600", r(party.Source), member{"power1", "雷明远", true}, member{"power2", "段晓光", false}),
		{"org_expert", "朔州市公共数据专家委员会（演示）", "140600", "", party.Institution, '1', '2', r(party.Expert), []member{{"expert1", "温如玉", true}, {"expert2", "石磊", false}, {"expert3", "易安", false}}},
		firm("org_op", "朔州桑源数据运营有限公司", "140600", r(party.Operator), member{"oper1", "吕承志", true}, member{"oper2", "施雅文", false}, member{"oper3", "张伯安", false}),
		firm("org_dev", "朔州雁门数智科技有限公司", "140600", r(party.Developer), member{"dev1", "孔令辉", true}, member{"dev2", "曹一鸣", false}),
		firm("org_dev2", "山西恒岳信息技术有限公司", "140600", r(party.Developer, party.Customer), member{"deva1", "严子墨", true}),
		firm("org_bank", "朔州长城融资担保有限公司", "140600", r(party.Customer), member{"bank1", "华若琳", true}, member{"bank2", "金书航", false}),
		firm("org_shop", "朔城区惠民环保服务部", "140602", r(party.Customer), member{"shop1", "魏小满", true}),
	}
	for i, c := range []struct{ code, name, surname string }{{"140602", "朔城区数据局", "陶"}, {"140603", "平鲁区数据局", "姜"}, {"140621", "山阴县数据局", "戚"},
		{"140622", "应县数据局", "谢"}, {"140623", "右玉县数据局", "邹"}, {"140681", "怀仁市数据局", "喻"}, {"140671", "朔州经济开发区数据管理办公室", "柏"}} {
		out = append(out, organ("org_county"+fmt.Sprint(i+1), c.name, c.code, "", r(party.Authority),
			member{fmt.Sprintf("county%d", i+1), c.surname + "志远", true}, member{fmt.Sprintf("county%db", i+1), c.surname + "佳宁", false}))
	}
	return out
}

// Base founds the organisations, people and accounts and returns the accounts. The records must
// be a demonstration's; ids makes the accounts.
func Base(ctx context.Context, db *store.DB, ids *identity.Service) ([]Account, error) {
	if err := settings(ctx, db); err != nil {
		return nil, err
	}
	hash, err := ids.Hash(ctx, Password)
	if err != nil {
		return nil, err
	}
	seq := 0
	account := func(user, name string) identity.NewAccount {
		seq++
		return identity.NewAccount{NewPerson: identity.NewPerson{Username: user, Name: name, Phone: fmt.Sprintf("139%08d", 34900000+seq)}, Hash: hash}
	}
	code := func(o organisation) (string, error) {
		seq++
		u, err := id.MakeUSCC(o.authority, o.body, o.division, fmt.Sprintf("MA%06d", seq))
		return string(u), err
	}
	dataOrg := organisation{id: "org_data", name: "朔州市数据局", division: "140600", prefix: "朔数", kind: party.Organ, authority: '1', body: '1'}
	uscc, err := code(dataOrg)
	if err != nil {
		return nil, err
	}
	_, err = party.Bootstrap(ctx, db, ids, party.Opening{Authority: party.Org{ID: "org_data", Name: dataOrg.name, USCC: uscc, Kind: party.Organ, LegalPerson: true,
		DocPrefix: dataOrg.prefix, Status: party.Active, Address: "朔州市朔城区（演示地址）"},
		Lead: account("data1", "苏景行"), System: account("sysadmin", "潘维系"), Security: account("secadmin", "葛守安"), Audit: account("auditadmin", "奚明鉴")})
	if err != nil {
		return nil, err
	}
	list := []Account{{"data1", Password, []string{"authority"}, dataOrg.name, "苏景行"}, {"sysadmin", Password, []string{"system_admin"}, dataOrg.name, "潘维系"},
		{"secadmin", Password, []string{"security_admin"}, dataOrg.name, "葛守安"}, {"auditadmin", Password, []string{"audit_admin"}, dataOrg.name, "奚明鉴"}}
	orgs := city()
	for _, o := range orgs {
		seed := party.Seeding{Roles: o.roles}
		uscc, err := code(o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.id, err)
		}
		seed.Org = party.Org{ID: o.id, Name: o.name, USCC: uscc, Division: o.division, Kind: o.kind, LegalPerson: true, DocPrefix: o.prefix, Status: party.Active,
			Address: "朔州市（演示地址）"}
		if err := seat(ctx, db, ids, &seed, o, account, &list); err != nil {
			return nil, err
		}
	}
	// Two more people of the data authority, whose lead the bootstrap made.
	more := organisation{id: "org_data", roles: []procedure.Role{party.Authority}, members: []member{{"data2", "范知微", false}, {"data3", "彭远航", false}}}
	err = join(ctx, db, ids, more, dataOrg.name, account, &list)
	return list, err
}

// settings are the run-time parameters of a demonstration: everybody signs in with the printed
// password alone.
func settings(ctx context.Context, db *store.DB) error {
	_, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		_, err := w.Exec(`INSERT INTO parameter (key, valid_from, value, source) VALUES ('secondfactor.required', '2025-03-02', 'false', '演示环境')`)
		return audit.Entry{Type: "parameter.set", Actor: "system", Object: "secondfactor.required", Action: "set", Clause: "3", Detail: map[string]string{"value": "false"}}, err
	})
	return err
}

// seat opens the accounts of an organisation's people and seeds it with them.
func seat(ctx context.Context, db *store.DB, ids *identity.Service, seed *party.Seeding, o organisation,
	account func(string, string) identity.NewAccount, list *[]Account) error {
	var ready []identity.Prepared
	for _, m := range o.members {
		p, err := ids.Prepare(ctx, account(m.user, m.name))
		if err != nil {
			return fmt.Errorf("%s: %w", m.user, err)
		}
		ready = append(ready, p)
		var names []string
		for _, r := range o.roles {
			seed.Members = append(seed.Members, membership(p.Person(), o.id, r, m.lead))
			names = append(names, string(r))
		}
		*list = append(*list, Account{m.user, Password, names, o.name, m.name})
	}
	_, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		for _, p := range ready {
			if err := p.Open(w); err != nil {
				return audit.Entry{}, err
			}
			w.Record(p.Entry("system", "seed"))
		}
		if err := party.Seed(w, *seed); err != nil {
			return audit.Entry{}, err
		}
		return audit.Entry{Type: "demo.seed", Actor: "system", Object: o.id, Action: "seed", Clause: "1.8"}, nil
	})
	return err
}

// join adds people to an organisation that is there already.
func join(ctx context.Context, db *store.DB, ids *identity.Service, o organisation, name string,
	account func(string, string) identity.NewAccount, list *[]Account) error {
	for _, m := range o.members {
		p, err := ids.Prepare(ctx, account(m.user, m.name))
		if err != nil {
			return err
		}
		if _, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
			if err := p.Open(w); err != nil {
				return audit.Entry{}, err
			}
			for _, r := range o.roles {
				if err := party.Appoint(w, membership(p.Person(), o.id, r, m.lead)); err != nil {
					return audit.Entry{}, err
				}
			}
			return p.Entry("system", "seed"), nil
		}); err != nil {
			return err
		}
		*list = append(*list, Account{m.user, Password, []string{string(o.roles[0])}, name, m.name})
	}
	return nil
}

func membership(person, org string, r procedure.Role, lead bool) party.Membership {
	return party.Membership{Person: person, Org: org, Role: r, Lead: lead, Ranks: []procedure.Rank{procedure.Drafter, procedure.Reviewer, procedure.Signer}}
}
