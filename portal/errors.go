package portal

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"sort"
	"strings"
)

// codesJSON is every code a refusal may carry with its sentences, collected from the source
// (codes_test.go writes and compares it).
//
//go:embed codes.json
var codesJSON []byte

// codeEntry is one code with the sentences it is said in and the clauses they rest on.
type codeEntry struct {
	Code    string   `json:"code"`
	Status  int      `json:"status,omitempty"` // of HTTP, where it is fixed
	Says    []string `json:"says"`
	Clauses []string `json:"clauses,omitempty"`
}

// codeGroup is the codes of one subject.
type codeGroup struct {
	Title string
	Codes []codeEntry
}

// subjects name the first part of a code.
var subjects = map[string]string{"request": "请求", "sign_in": "登录", "session": "会话", "password": "口令", "account": "账号", "secondfactor": "动态口令", "totp": "动态口令", "program": "程序账号", "case": "事项办理", "form": "表单",
	"chain": "拟办、审核、签发", "attachment": "附件", "list": "列表", "export": "导出", "log": "审计日志", "key": "密钥", "job": "后台作业", "order": "订购", "tariff": "收费标准", "ceiling": "上限收费标准", "allowance": "最高准许收入",
	"permit": "使用许可", "GUARD": "沙箱提问", "sandbox": "沙箱", "output": "出域审查", "project": "项目", "scenario": "应用场景", "demand": "数据需求", "registration": "产品登记", "product": "产品", "productlist": "产品清单",
	"catalogue": "资源目录", "hookup": "数据接入", "governance": "数据治理", "publicity": "公示与异议", "agreement": "授权运营协议", "scheme": "实施方案", "mandate": "授权依据", "parameter": "参数", "org": "单位", "member": "岗位与人员",
	"subject": "主体认证", "admin": "管理员", "remittance": "上缴", "settlement": "结算", "ledger": "账务", "message": "消息", "allotment": "分配", "bootstrap": "初始化", "budget": "沙箱提问", "change": "单位变更", "decision": "批准文件", "freeze": "冻结", "holiday": "放假安排", "members": "项目成员", "receipt": "收款",
	"register": "注册", "reveal": "个人信息查看", "scope": "授权范围", "second_factor": "动态口令", "conflict": "请求", "internal": "请求", "read_only": "请求", "not_found": "请求"}

func (p *Portal) errors(_ *http.Request, v *view) error {
	v.Template, v.Title = "errors", "错误代码说明"
	var err error
	v.Codes, err = codeGroups()
	return err
}

func codeGroups() ([]codeGroup, error) {
	var all []codeEntry
	if err := json.Unmarshal(codesJSON, &all); err != nil {
		return nil, fmt.Errorf("read the list of codes: %w", err)
	}
	by := map[string]*codeGroup{}
	var order []string
	for _, c := range all {
		first, _, dotted := strings.Cut(c.Code, ".")
		if !dotted && strings.HasPrefix(c.Code, "GUARD_") {
			first = "GUARD"
		}
		title := subjects[first]
		if title == "" {
			title = "其他"
		}
		if by[title] == nil {
			by[title] = &codeGroup{Title: title}
			order = append(order, title)
		}
		for i, id := range c.Clauses {
			c.Clauses[i] = clauseTitle(id)
		}
		by[title].Codes = append(by[title].Codes, c)
	}
	sort.SliceStable(order, func(i, j int) bool { return order[j] == "其他" && order[i] != "其他" })
	var out []codeGroup
	for _, t := range order {
		out = append(out, *by[t])
	}
	return out, nil
}
