package procedures_test

import (
	"fmt"
	"strings"
	"testing"

	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/procedures"
)

// publicPage is the page of a product as everybody sees it, as text.
func (m *market) publicPage(code string) (text string, links []string) {
	m.t.Helper()
	var g *register.Register
	for _, x := range procedures.Registers() {
		if x.ID == "products" {
			g = x
		}
	}
	var it *register.Item
	m.read(func(r *store.ReadTx) (err error) {
		it, err = g.Item(r, procedure.Actor{}, code)
		return err
	})
	var b strings.Builder
	say := func(v any) {
		if l, ok := v.(procedure.Link); ok {
			links = append(links, l.To)
		}
		fmt.Fprint(&b, v, " ")
	}
	for _, s := range it.Sections {
		fmt.Fprintln(&b, s.Title, s.Note)
		for _, x := range s.Items {
			say(x.Label)
			say(x.Value)
		}
		for _, row := range s.Rows {
			for _, c := range s.Columns {
				say(row[c.Key])
			}
			fmt.Fprintln(&b)
		}
	}
	return b.String(), links
}

func TestThePublicPageOfAProduct(t *testing.T) {
	eachMarket(t, func(t *testing.T, m *market) {
		var code string
		m.read(func(r *store.ReadTx) error { return r.Get(&code, `SELECT code FROM product WHERE id = 'pd-1'`) })
		text, links := m.publicPage(code)
		for _, want := range []string{"尚无价格", "怎样订购", "使用限制条件", "登记主体"} {
			if !strings.Contains(text, want) {
				t.Errorf("before any tariff the page lacks %q:\n%s", want, text)
			}
		}
		if strings.Contains(strings.Join(links, " "), "register/tariffs/") {
			t.Errorf("a price is linked before there is one: %v", links)
		}
		m.inForce(m.tariff("pd-1", price("general", "1.00"), price("small_firm", "0.50")))
		text, links = m.publicPage(code)
		for _, want := range []string{"一般使用方 1.00 数据调用量（次） 试行", "小微企业 0.50", "起，至", "已生效"} {
			if !strings.Contains(text, want) {
				t.Errorf("with a tariff the page lacks %q:\n%s", want, text)
			}
		}
		for _, want := range []string{"register/tariffs/", "app/new/p06_2f_order", "verify/" + code} {
			if !strings.Contains(strings.Join(links, " "), want) {
				t.Errorf("no link %q in %v", want, links)
			}
		}
		if strings.Contains(text, "尚无价格") {
			t.Error("a price is there and the page says there is none")
		}
	})
}
