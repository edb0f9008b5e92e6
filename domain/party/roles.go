// Package party holds who is on the platform: organisations and what they are, people and their
// desks, delegation, inner chains, messages. See README.md.
package party

import "pado/core/procedure"

// The roles an organisation can be confirmed in (clauses 1.4 to 1.8, 11). A role id is stored;
// renaming one needs a migration.
const (
	Government procedure.Role = "government" // 市人民政府
	Authority  procedure.Role = "authority"  // 实施机构、数据管理部门
	Source     procedure.Role = "source"     // 数源部门
	Operator   procedure.Role = "operator"   // 运营机构
	Developer  procedure.Role = "developer"  // 开发主体
	Customer   procedure.Role = "customer"   // 使用方
	Regulator  procedure.Role = "regulator"  // 行业主管部门
	Pricing    procedure.Role = "pricing"    // 发展改革
	Treasury   procedure.Role = "treasury"   // 财政
	Cyberspace procedure.Role = "cyberspace" // 网信
	Police     procedure.Role = "police"     // 公安
	StateSec   procedure.Role = "state_security"
	Secrecy    procedure.Role = "secrecy"
	Market     procedure.Role = "market"
	Auditor    procedure.Role = "auditor" // 审计
	Discipline procedure.Role = "discipline"
	Expert     procedure.Role = "expert"
	Verifier   procedure.Role = "verifier" // 受托第三方核查机构
	Person     procedure.Role = "person"   // every natural person, for what one does for oneself
	Lead       procedure.Role = "org_lead" // who speaks for an organisation in its own affairs, whatever it is on the platform
	SystemAdm  procedure.Role = "system_admin"
	SecurityAd procedure.Role = "security_admin"
	AuditAdm   procedure.Role = "audit_admin"
)

// Supervisors are the roles whose leaders supervise (督办) every case of their division: the
// implementing body coordinates and supervises (clauses 1.4, 1.8), the government authorises it (5.0).
var Supervisors = []procedure.Role{Government, Authority}

// Supervises tells whether a desk is a supervising leader's.
func Supervises(d procedure.Desk) bool {
	return d.Lead && d.Behalf == "" && (d.Role == Government || d.Role == Authority)
}

// Labels are the Chinese names of the roles, the only ones shown anywhere.
var Labels = map[procedure.Role]string{
	Government: "市人民政府", Authority: "数据管理部门", Source: "数源部门", Operator: "运营机构", Developer: "开发主体",
	Customer: "使用方", Regulator: "行业主管部门", Pricing: "发展改革部门", Treasury: "财政部门", Cyberspace: "网信部门",
	Police: "公安部门", StateSec: "国家安全部门", Secrecy: "保密管理部门", Market: "市场监管部门", Auditor: "审计部门",
	Discipline: "纪检监督", Expert: "评审专家", Verifier: "第三方核查机构", Person: "个人用户", Lead: "单位负责人",
	SystemAdm: "系统管理员", SecurityAd: "安全管理员", AuditAdm: "审计管理员", procedure.Clock: "系统时钟",
}

func init() {
	procedure.RoleLabel = func(r procedure.Role) string {
		if l, ok := Labels[r]; ok {
			return l
		}
		return string(r)
	}
}
