package settlement

import (
	"fmt"

	"pado/core/docs"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
)

// May tells whether an actor may read a statement; store.ErrNotFound when not.
func (s Statement) May(a procedure.Actor) error {
	for _, d := range a.Desks {
		switch {
		case d.Role == party.Customer && d.Org == s.CustomerOrg, d.Role == party.Operator && d.Org == s.OperatorOrg,
			d.Role == party.Authority, d.Role == party.Treasury, d.Role == party.Pricing, d.Role == party.Auditor:
			return nil
		}
	}
	return store.ErrNotFound
}

// Paper draws a statement.
func (s Statement) Paper(r *store.ReadTx) (docs.Document, error) {
	lines, err := s.ReadLines()
	if err != nil {
		return docs.Document{}, err
	}
	customer, err := party.Get(r, s.CustomerOrg)
	if err != nil {
		return docs.Document{}, err
	}
	operator, err := party.Get(r, s.OperatorOrg)
	if err != nil {
		return docs.Document{}, err
	}
	t := docs.Table{Unit: "单位：元", Columns: []docs.Column{{Title: "订单号", Width: 18}, {Title: "产品", Width: 26}, {Title: "收费标准备案号", Width: 20},
		{Title: "计费调用（次）", Width: 12, Align: docs.End}, {Title: "单价", Width: 10, Align: docs.End}, {Title: "金额", Width: 14, Align: docs.End}}}
	late := int64(0)
	for _, l := range lines {
		t.Rows = append(t.Rows, []string{l.Order, l.Name + "\n" + l.Code, l.Filing, fmt.Sprint(l.Calls), l.Price.String(), l.Amount.String()})
		late += l.Late
	}
	t.Totals = [][]string{{"合计", "", "", "", "", s.AmountFen.String()}}
	t.Foot = []string{"人民币（大写）" + s.AmountFen.Upper()}
	blocks := []docs.Block{docs.KeyValues{PerRow: 2, Pairs: []docs.Pair{{Key: "使用方", Value: customer.Name}, {Key: "运营机构", Value: operator.Name},
		{Key: "账期", Value: s.Month}, {Key: "授权运营协议", Value: s.Agreement}}}, t}
	if late > 0 {
		blocks = append(blocks, docs.Note{Text: fmt.Sprintf("其中 %d 次调用发生在以前已结账的月份，记录封存较晚，计入本期。", late)})
	}
	blocks = append(blocks, docs.Note{Text: "依据已封存的调用记录和调用时有效的收费标准计算；公共治理、公益事业用途免费。内容摘要 " + s.Digest},
		docs.Basis{Citations: []docs.Citation{{ID: "6.2.5", Source: "《实施方案》"}, {ID: "10.3.2", Source: "《实施方案》"}}})
	return docs.Document{Kind: docs.Statement, Number: s.ID, Title: "公共数据运营服务费对账单", Blocks: blocks}, nil
}

// Sheet is a statement as a table of numbers.
func (s Statement) Sheet() (docs.Sheet, error) {
	lines, err := s.ReadLines()
	if err != nil {
		return docs.Sheet{}, err
	}
	rows := make([][]docs.Cell, len(lines))
	for i, l := range lines {
		rows[i] = []docs.Cell{docs.CellText(l.Order), docs.CellText(l.Name), docs.CellText(l.Code), docs.CellText(l.Filing), docs.CellText(l.Class), docs.CellInt(l.Calls), docs.CellInt(l.Late),
			docs.CellYuan(l.Price), docs.CellYuan(l.Amount)}
	}
	out := docs.SheetOf("对账单", []docs.SheetColumn{{Title: "订单号"}, {Title: "产品"}, {Title: "登记编码"}, {Title: "收费标准备案号"}, {Title: "类别"}, {Title: "计费调用（次）"}, {Title: "其中以前月份"},
		{Title: "单价（元）"}, {Title: "金额（元）"}}, rows)
	out.Title = s.ID + " " + s.Month + " 公共数据运营服务费对账单"
	out.Notes = []string{"合计 " + s.AmountFen.String() + " 元；摘要 " + s.Digest}
	return out, nil
}
