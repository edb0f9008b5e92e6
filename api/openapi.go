package api

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// routeMux is a mux that remembers what was registered, so that routes and description can be compared.
type routeMux struct {
	*http.ServeMux
	patterns []string
}

// HandleFunc implements humago.Mux.
func (m *routeMux) HandleFunc(pattern string, f func(http.ResponseWriter, *http.Request)) {
	m.patterns = append(m.patterns, pattern)
	m.ServeMux.HandleFunc(pattern, f)
}

// Patterns are the routes that answer, as "METHOD /path", in the order they were registered.
func (a *API) Patterns() []string { return slices.Clone(a.mux.patterns) }

// elsewhere answers what no route takes: 405 with the methods the address knows, or 404.
func (a *API) elsewhere(w http.ResponseWriter, r *http.Request) {
	var allow []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := a.mux.Handler(probe); pattern != "/api/" && pattern != "" {
			allow = append(allow, method)
			if method == http.MethodGet {
				allow = append(allow, http.MethodHead)
			}
		}
	}
	if len(allow) == 0 {
		fail(w, r, errNotFound)
		return
	}
	w.Header().Set("Allow", strings.Join(allow, ", "))
	fail(w, r, errBadMethod)
}

// media are the types of answers that are files, by operation.
var media = map[string][]string{
	"download":        {"application/octet-stream"},
	"paper":           {"text/html", "application/pdf", attachable[".docx"]},
	"timeline":        {"text/html", "application/pdf", attachable[".docx"]},
	"weekly":          {"text/html", "application/pdf", attachable[".docx"]},
	"statement":       {"text/html", "application/pdf", attachable[".docx"], attachable[".xlsx"]},
	"export-register": {attachable[".xlsx"]},
}

// describe completes the description with what the types of Go do not say: the problems every
// route may answer with, filters, files, and answers of more than one shape.
func (a *API) describe() {
	doc := a.Huma.OpenAPI()
	schema := func(v any) *huma.Schema { return doc.Components.Schemas.Schema(reflect.TypeOf(v), true, "") }
	problemSchema := schema(Problem{})
	for path, item := range doc.Paths {
		for method, o := range operations(item) {
			if !strings.HasPrefix(path, "/api/") {
				continue
			}
			if o.Responses == nil {
				o.Responses = map[string]*huma.Response{}
			}
			for _, status := range problems(method, o) {
				key := strconv.Itoa(status)
				if o.Responses[key] == nil {
					o.Responses[key] = &huma.Response{Description: problemSays[status], Content: map[string]*huma.MediaType{"application/problem+json": {Schema: problemSchema}}}
				}
				if status == http.StatusTooManyRequests {
					o.Responses[key].Headers = map[string]*huma.Param{"Retry-After": {Description: "多少秒后再试", Schema: &huma.Schema{Type: "integer"}}}
				}
			}
			if types := mediaOf(o); types != nil {
				ok := o.Responses["200"]
				if ok == nil {
					ok = &huma.Response{Description: "文件"}
					o.Responses["200"] = ok
				}
				ok.Content = map[string]*huma.MediaType{}
				for _, t := range types {
					ok.Content[t] = &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
				}
			}
			switch o.OperationID {
			case "act":
				o.Responses["200"].Content["application/json"].Schema = &huma.Schema{OneOf: []*huma.Schema{schema(CaseWire{}), schema(TrialWire{})},
					Description: "办理后的事项；预演（dry=1）时为预演结果"}
			case "openapi":
				o.Responses["200"].Content = map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: "object"}}}
			case "read-register", "export-register":
				o.Parameters = append(o.Parameters, a.filterParams()...)
			}
		}
	}
}

// operations of a path by method.
func operations(p *huma.PathItem) map[string]*huma.Operation {
	out := map[string]*huma.Operation{}
	for method, o := range map[string]*huma.Operation{"GET": p.Get, "POST": p.Post, "PUT": p.Put, "PATCH": p.Patch, "DELETE": p.Delete} {
		if o != nil {
			out[method] = o
		}
	}
	return out
}

// mediaOf tells a file by its operation, or by the ending of its path.
func mediaOf(o *huma.Operation) []string {
	if m := media[o.OperationID]; m != nil {
		return m
	}
	for ending, m := range map[string]string{".pdf": "application/pdf", ".xlsx": attachable[".xlsx"], ".html": "text/html", ".zip": "application/zip"} {
		if strings.HasSuffix(o.Path, ending) {
			return []string{m}
		}
	}
	return nil
}

var problemSays = map[int]string{
	http.StatusBadRequest:            "请求的格式不正确",
	http.StatusConflict:              "与他人的办理冲突：事项已有新的办理，请刷新后再办",
	http.StatusRequestEntityTooLarge: "提交的内容过大",
	http.StatusUnsupportedMediaType:  "不接受这种文件",
	http.StatusLocked:                "账号已锁定",
	http.StatusPreconditionRequired:  "没有说明所依据的版本（If-Match）",
	http.StatusTooManyRequests:       "操作过于频繁",
	http.StatusServiceUnavailable:    "平台暂时只能查看，不能办理",
}

// problems are the answers besides those every route declares (400, 401, 403, 404, 422, 500).
func problems(method string, o *huma.Operation) (out []int) {
	if method != http.MethodGet {
		out = append(out, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusServiceUnavailable)
	} else if o.OperationID == "export-register" || o.OperationID == "download" || strings.HasPrefix(o.OperationID, "log-") && o.Security != nil {
		out = append(out, http.StatusServiceUnavailable) // the read is an entry
	}
	for _, p := range o.Parameters {
		if p.In == "header" && p.Name == "If-Match" {
			out = append(out, http.StatusPreconditionRequired)
		}
	}
	switch o.OperationID {
	case "sign-in":
		out = append(out, http.StatusUnauthorized, http.StatusLocked, http.StatusTooManyRequests)
	case "register", "confirm":
		out = append(out, http.StatusTooManyRequests)
	case "upload":
		out = append(out, http.StatusUnsupportedMediaType)
	}
	return out
}

// filterParams are the filters of all registers as parameters of the one route that reads them.
func (a *API) filterParams() (out []*huma.Param) {
	type use struct {
		label  string
		in     []string
		values map[string]bool
	}
	all := map[string]*use{}
	for _, g := range a.Registers {
		for _, f := range g.Filters {
			u := all[f.Key]
			if u == nil {
				u = &use{label: f.Label, values: map[string]bool{}}
				all[f.Key] = u
			}
			u.in = append(u.in, g.ID)
			for _, o := range f.Options {
				u.values[o.Value] = true
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		u := all[key]
		values := make([]any, 0, len(u.values))
		for _, v := range slices.Sorted(maps.Keys(u.values)) {
			values = append(values, v)
		}
		out = append(out, &huma.Param{Name: "filter." + key, In: "query", Description: fmt.Sprintf("按%s筛选；用于 %s", u.label, strings.Join(u.in, "、")), Schema: &huma.Schema{Type: "string", Enum: values}})
	}
	return out
}
