package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Filter is one condition of a query.
type Filter struct {
	Param  string
	Column string
	Op     Op
	Value  Value
}

// Query is what a Source is asked: validated, typed, bounded.
type Query struct {
	Product string
	Release string   // the artefact that must answer
	Filters []Filter // in the order of the product's parameters
	Columns []string // of the product, in its order; never hidden ones
	Limit   int
	Cursor  string // "" for the first page, else from the page before
}

// asked is a request's parameters after validation.
type asked struct {
	query   Query
	consent string
	subject string // canonical value of the named subject, "" if the product names none
}

// maxParams bounds how many parameters are looked at at all.
const maxParams = 64

// given reads the raw parameters: of the query for GET, of one flat JSON
// object for POST. Each may be given once.
func given(s Signed) (map[string]string, *Refusal) {
	out := map[string]string{}
	put := func(name, value string) bool {
		_, twice := out[name]
		out[name] = value
		return !twice && len(out) <= maxParams
	}
	if s.Method == "GET" {
		if len(s.Body) > 0 {
			return nil, invalid("body", "GET 请求不带请求体。")
		}
		pairs, err := parseQuery(s.RawQuery)
		if err != nil {
			return nil, invalid("query", "查询串格式不正确。")
		}
		for _, p := range pairs {
			if !put(p[0], p[1]) {
				return nil, invalid("query", "同一参数只能出现一次。")
			}
		}
		return out, nil
	}
	if s.RawQuery != "" {
		return nil, invalid("query", "POST 请求的参数放在请求体中，地址不带查询串。")
	}
	const shape = "应为一层 JSON 对象，值为文本、数字或布尔值，同一参数只出现一次。"
	if len(bytes.TrimSpace(s.Body)) == 0 {
		return out, nil
	}
	dec := json.NewDecoder(bytes.NewReader(s.Body))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, invalid("body", shape)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, invalid("body", shape)
		}
		value, err := dec.Token()
		if err != nil {
			return nil, invalid("body", shape)
		}
		var text string
		switch v := value.(type) {
		case string:
			text = v
		case json.Number:
			text = v.String()
		case bool:
			text = strconv.FormatBool(v)
		default:
			return nil, invalid("body", shape)
		}
		if !put(name.(string), text) {
			return nil, invalid("body", shape)
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, invalid("body", shape)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, invalid("body", shape)
	}
	return out, nil
}

func invalid(path, message string) *Refusal {
	r := *refuse(ParameterInvalid)
	r.Fields = []FieldError{{path, message}}
	return &r
}

// read validates what was given against the product's declaration and reports
// every fault at once.
func (p *Product) read(in map[string]string, subjectKey []byte) (asked, *Refusal) {
	a := asked{query: Query{Product: p.ID, Release: p.Release, Limit: p.Paging.Default}}
	var faults []FieldError
	fault := func(path, message string) { faults = append(faults, FieldError{path, message}) }
	used := 0
	for i := range p.Params {
		q := &p.Params[i]
		text, ok := in[q.Name]
		if !ok {
			if q.Required {
				fault(q.Name, "必填。")
			}
			continue
		}
		used++
		v, reason := q.read(text)
		if reason != "" {
			fault(q.Name, reason)
			continue
		}
		if p.Named != nil && p.Named.Param == q.Name {
			a.subject = v.text
			if p.column(q.Column).Type == SubjectType {
				v = Value{kind: SubjectType, text: SubjectOf(subjectKey, v.text).String()}
			}
		}
		a.query.Filters = append(a.query.Filters, Filter{Param: q.Name, Column: q.Column, Op: q.Op, Value: v})
	}
	if text, ok := in["limit"]; ok {
		used++
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > p.Paging.Max {
			fault("limit", fmt.Sprintf("应为1到%d的整数。", p.Paging.Max))
		} else {
			a.query.Limit = n
		}
	}
	if text, ok := in["cursor"]; ok {
		used++
		if !token(text, 1, 64, "") {
			fault("cursor", "不是本接口给出的翻页标记。")
		}
		a.query.Cursor = text
	}
	if text, ok := in["consent"]; ok {
		used++
		if !token(text, 1, 64, ".") {
			fault("consent", "格式不正确。")
		}
		a.consent = text
	}
	columns, chosen := in["columns"]
	if chosen {
		used++
	}
	var wanted []string
	if chosen {
		wanted = strings.Split(columns, ",")
	}
	for _, c := range p.Columns {
		if !c.Hidden && (!chosen || slices.Contains(wanted, c.Name)) {
			a.query.Columns = append(a.query.Columns, c.Name)
		}
	}
	if chosen && len(a.query.Columns) != len(wanted) {
		fault("columns", "应为产品声明的列名，以逗号分隔，不重复。")
	}
	if used != len(in) {
		fault("", "含有产品未声明的参数。")
	}
	if faults != nil {
		r := *refuse(ParameterInvalid)
		r.Fields = faults
		return asked{}, &r
	}
	return a, nil
}

func (p *Product) column(name string) Column {
	for _, c := range p.Columns {
		if c.Name == name {
			return c
		}
	}
	return Column{}
}
