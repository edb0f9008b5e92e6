package portal

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"pado/core/procedure"
	"pado/core/store"
)

// cellText is a cell as people read it; an empty one is a dash.
func cellText(c procedure.Column, cells map[string]any) string {
	v := cells[c.Key]
	if c.Kind == "percent" {
		if n, ok := v.(int64); ok {
			return fmt.Sprintf("%d.%02d%%", n/100, n%100)
		}
	}
	s := valueText(v)
	if s == "" {
		return "—"
	}
	if c.Kind == "money" {
		return comma(s)
	}
	return s
}

func valueText(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case *int:
		if x == nil {
			return ""
		}
		return strconv.Itoa(*x)
	case store.Time:
		return minute(x)
	case bool:
		if x {
			return "是"
		}
		return "否"
	}
	return fmt.Sprint(v)
}

// comma writes a number with thousands separators; what is no number stays as it is.
func comma(v any) string {
	s := valueText(v)
	whole, rest, dot := strings.Cut(s, ".")
	if _, err := strconv.ParseInt(whole, 10, 64); err != nil {
		return s
	}
	sign := ""
	if w, minus := strings.CutPrefix(whole, "-"); minus {
		sign, whole = "-", w
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if dot {
		whole += "." + rest
	}
	return sign + whole
}

// link is the address a value leads to; empty when it is no link or leads to nothing public.
func (p *Portal) link(v any) string {
	l, ok := v.(procedure.Link)
	if !ok {
		return ""
	}
	kind, rest, _ := strings.Cut(l.To, "/")
	switch kind {
	case "register":
		id, key, _ := strings.Cut(rest, "/")
		if g, err := p.register(id); err == nil && g.Item != nil {
			return p.path("list", id, key)
		}
	case "verify":
		return p.path("verify", rest)
	case "app":
		return "/app/" + (&url.URL{Path: rest}).EscapedPath()
	}
	return ""
}
