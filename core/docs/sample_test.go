package docs

import (
	"fmt"

	"pado/core/calendar"
	"pado/core/money"
)

// decision is a paper of an authority on an implementation scheme: red head, all heading levels, citations, a table that
// is longer than a page in its annex, attachments, signature and colophon.
func decision() Document {
	annex := Table{

		Columns: []Column{{Title: "序号", Align: Centre}, {Title: "数源部门"}, {Title: "资源名称"}, {Title: "分级", Align: Centre}, {Title: "更新周期", Align: Centre}, {Title: "数据项数", Align: End}},
	}
	sources := []string{"市住房和城乡建设局", "市交通运输局", "市卫生健康委员会", "市市场监督管理局", "市气象局", "市供电公司"}
	names := []string{"新建商品房预售许可信息", "道路客运班线与站点信息", "医疗机构执业登记信息", "经营主体登记基本信息（含变更、注销、吊销和列入经营异常名录的历次记录）", "地面气象观测小时数据", "分行业用电量月度汇总"}
	cycles := []string{"每日", "每周", "每月", "实时", "每小时", "每月"}
	for i := range 36 {
		annex.Rows = append(annex.Rows, []string{fmt.Sprint(i + 1), sources[i%6], names[i%6], fmt.Sprintf("L%d", i%3+1), cycles[i%6], fmt.Sprint(i*7%90 + 6)})
	}
	return Document{
		Kind:      Decision,
		Organ:     "朔州市数据局",
		Number:    "朔数发〔2026〕12号",
		Title:     "关于同意实施《朔州市公共数据资源\n授权运营实施方案》的决定",
		Addressee: "各县（市、区）数据管理部门，市直各有关单位：",
		Blocks: []Block{
			P("为规范公共数据资源授权运营活动，保障数据安全，维护数源部门、运营机构和社会公众的合法权益，经市人民政府2026年第8次常务会议审议通过，现就授权运营实施方案（以下简称“方案”）的有关事项决定如下。"),
			Heading{Level: 1, Text: "授权范围和期限"},
			Heading{Level: 2, Text: "授权范围"},
			Paragraph{Spans: []Span{{Text: "授权运营的数据资源以附件所列清单为限，共36项；未列入清单的资源，任何单位和个人不得以授权运营的名义提供、加工或者交易"}, Cite("5.3", "方案第五条第三款"), {Text: "。清单实行动态调整，新增资源须重新征求数源部门意见并报本局备案。"}}},
			Heading{Level: 2, Text: "授权期限"},
			Paragraph{Spans: []Span{{Text: "授权期限为3年，自授权运营协议签订之日（2026年4月1日）起计算，"}, {Text: "最长不得超过2029年3月31日", Strong: true}, {Text: "；单项资源约定更短期限的，从其约定"}, Cite("8.1", ""), {Text: "。"}}},
			Heading{Level: 1, Text: "收益和价格"},
			Heading{Level: 3, Text: "最高准许收入"},
			P("年度最高准许收入不超过12,860,000.00元，由核定成本、准许利润和税金三部分构成；准许利润率上限按照GB/T 9704-2012之外的价格主管部门文件执行。实际收入超过最高准许收入的部分，在下一周期扣减——具体办法由协议约定……"),
			Heading{Level: 4, Text: "公益用途"},
			P("用于公共治理、公益事业的产品和服务，不收取运营服务费。接口地址形如https://data.example.gov.cn/api/v1/products/enterprise-credit-summary?format=json&page=1，调用时应当携带平台签发的凭证，不得转借、转让或者以其他方式提供给第三方使用。"),
			Heading{Level: 1, Text: "安全和监督"},
			P("各数源部门应当指定专人负责（联系人名单见平台；姓名用字以居民身份证为准，如䶮、骉、㛃、𠮷、堃等），及时报告异常情况。"),
			P("运营机构应当每年至少组织一次应急演练，并于每年3月31日前公开上一年度的授权运营情况。原始数据不出域，数据可用不可见。"),
			Basis{Citations: []Citation{{ID: "6.1.1", Source: "《朔州市公共数据资源授权运营实施方案》六（一）1"}, {ID: "10.3.1"}}},
			P("本决定自印发之日起施行，有效期2年。"),
			Attachments{Items: []Attachment{{Name: "首批授权运营数据资源清单"}, {Name: "授权运营协议（示范文本）及其安全责任条款、收益分配条款、退出和数据善后条款的说明", Digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}}},
			Signature{Organ: "朔州市数据局", Date: calendar.Date{Y: 2026, M: 3, D: 18}, Seal: true},
			Note{Text: "（此件公开发布）"},
			Annex{No: 1, Title: "首批授权运营数据资源清单"},
			annex,
		},
		Check:    &Verification{No: "PADO-2026-000127", Digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", URL: "https://data.example.gov.cn/verify/PADO-2026-000127"},
		Colophon: &Colophon{CopyTo: "市委办公室，市人大常委会办公室，市政协办公室，市中级人民法院，市人民检察院，各人民团体，驻朔有关单位。", PrintedBy: "朔州市数据局办公室", PrintedOn: calendar.Date{Y: 2026, M: 3, D: 19}},
	}
}

// statement is a monthly statement with 40 rows, totals and the amount in words.
func statement() Document {
	t := Table{
		Unit:    "单位：元",
		Columns: []Column{{Title: "日期", Align: Centre}, {Title: "产品编码"}, {Title: "产品名称"}, {Title: "计费方式", Align: Centre}, {Title: "数量", Align: End}, {Title: "单价", Align: End}, {Title: "金额", Align: End}},
	}
	products := []string{"企业登记信息核验", "道路运输企业经营情况汇总", "小微企业用电指数（行业）", "医疗机构资质核验"}
	var sum money.Fen
	for i := range 40 {
		price, n := money.Fen(25+i%7*10), int64(1000+i*337)
		amount := price * money.Fen(n)
		sum += amount
		t.Rows = append(t.Rows, []string{fmt.Sprintf("2026-03-%02d", i*3/4+1), fmt.Sprintf("SZ-DP-%04d", i%4+1), products[i%4], []string{"按次", "包年"}[i/39], fmt.Sprint(n), price.String(), amount.String()})
	}
	t.Totals = [][]string{{"合计", "", "", "", "", "", sum.String()}}
	t.Foot = []string{"金额大写：" + sum.Upper()}
	return Document{
		Kind:   Statement,
		Organ:  "朔州数据运营有限公司",
		Number: "DZD-202603-0042",
		Title:  "公共数据运营服务费对账单",
		Blocks: []Block{
			KeyValues{PerRow: 2, Pairs: []Pair{{"客户名称", "山西晋北骉达供应链管理有限公司"}, {"统一社会信用代码", "91140600MA0EXAMPLE"}, {"账期", "2026年3月1日至3月31日"}, {"协议编号", "SZ-SQYY-2026-001"}, {"付款期限", "2026年4月15日"}, {"本期应付", sum.String() + "元"}}},
			t,
			Note{Text: "对账单金额含税。对本期账单有异议的，请在收到之日起10个工作日内提出；逾期未提出的，视为无异议。"},
			Signature{Organ: "朔州数据运营有限公司", Date: calendar.Date{Y: 2026, M: 4, D: 2}, Seal: true},
		},
		Check:   &Verification{No: "DZD-202603-0042", Digest: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae", URL: "https://data.example.gov.cn/verify/DZD-202603-0042"},
		Printed: "打印人：王小明　打印时间：2026-04-02 09:30　共40行",
	}
}

func certificate() Document {
	return Document{
		Kind: Certificate, Organ: "朔州市数据局", Number: "SZ-DP-0001-2026", Title: "数据产品登记证书",
		Blocks: []Block{
			P("经合规性审核，下列数据产品符合授权运营协议和安全要求，准予登记并赋予登记编码。"),
			KeyValues{Unruled: true, Pairs: []Pair{{"产品名称", "企业登记信息核验"}, {"登记编码", "SZ-DP-0001-2026"}, {"产品形态", "数据接口"}, {"运营机构", "朔州数据运营有限公司"}, {"开发主体", "山西晋北骉达供应链管理有限公司"}, {"有效期", "2026年3月18日至2029年3月17日"}}},
			Signature{Organ: "朔州市数据局", Date: calendar.Date{Y: 2026, M: 3, D: 18}, Seal: true},
		},
		Check: &Verification{No: "SZ-DP-0001-2026", Digest: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae", URL: "https://data.example.gov.cn/verify/SZ-DP-0001-2026"},
	}
}

func history() Document {
	return Document{
		Kind: History, Number: "XQ-2026-0031", Title: "数据需求办理过程",
		Blocks: []Block{
			KeyValues{Pairs: []Pair{{"事项", "企业登记信息用于供应链准入核验的数据需求"}, {"申请单位", "山西晋北骉达供应链管理有限公司"}, {"当前环节", "已同意"}}},
			Table{Caption: "办理记录", Columns: []Column{{Title: "时间"}, {Title: "办理单位和人员"}, {Title: "环节"}, {Title: "意见"}, {Title: "用时", Align: End}},
				Rows: [][]string{
					{"2026-03-02 10:15", "山西晋北骉达供应链管理有限公司 李四", "提交", "", ""},
					{"2026-03-04 16:40", "朔州数据运营有限公司 王五", "退回补正", "请补充使用期限。\n请说明“法定代表人”字段的必要性。", "2个工作日"},
					{"2026-03-09 09:05", "朔州数据运营有限公司 王五", "同意", "符合授权目录和安全规则。", "3个工作日"},
				}},
		},
		Printed: "打印人：王小明　打印时间：2026-04-02 09:30",
	}
}

func agreement() Document {
	d := Document{Kind: Report, Number: "SZ-SQYY-2026-001", Title: "公共数据资源授权运营协议"}
	d.Blocks = append(d.Blocks, Paragraph{Flush: true, Spans: []Span{{Text: "甲方：朔州市数据局"}}}, Paragraph{Flush: true, Spans: []Span{{Text: "乙方：朔州数据运营有限公司"}}})
	for i := range 18 {
		d.Blocks = append(d.Blocks, Heading{Level: 1, Text: fmt.Sprintf("第%d部分约定", i+1)}, P("双方应当按照本协议约定的范围、用途和期限开展授权运营活动，未经甲方书面同意，乙方不得将授权内容转授权给第三方。"))
	}
	d.Blocks = append(d.Blocks, Parties{Items: []Party{{Label: "甲方", Organ: "朔州市数据局"}, {Label: "乙方", Organ: "朔州数据运营有限公司", Person: "张三", Date: calendar.Date{Y: 2026, M: 4, D: 1}}}})
	return d
}

func samples() map[string]Document {
	return map[string]Document{"decision": decision(), "statement": statement(), "certificate": certificate(), "history": history(), "agreement": agreement()}
}
