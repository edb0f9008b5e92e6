package portal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"pado/core/store"
	"pado/domain/catalogue"
	"pado/domain/catalogue/sheet"
	"pado/plan"
)

// The catalogue for programs (clause 7.2b): DCAT as JSON-LD and the read actions of CKAN's action
// interface, version 3. Both show published items and of them only what describes the data; data
// themselves have no address, primary data do not leave.

const (
	dcatPage   = 100
	ckanRows   = 10
	ckanMost   = 100
	ckanFacets = "source grade share open authorise cycle format personal"
)

// openRoutes adds the routes of the open interfaces.
func (p *Portal) openRoutes() {
	for pattern, f := range map[string]func(*http.Request) (any, error){
		"catalogue/dcat.jsonld": p.dcat, "catalogue/items/{code...}": p.dcatItem, "api/3/action/{action}": p.ckan,
	} {
		p.mux.HandleFunc("GET "+p.Base+pattern, p.data(f))
	}
	p.mux.HandleFunc("GET "+p.Base+"catalogue/template.xlsx", p.template)
	p.mux.HandleFunc("GET "+p.Base+"interfaces", p.page(func(_ *http.Request, v *view) error {
		v.Template, v.Title = "interfaces", "目录数据接口"
		return nil
	}))
	plan.Mark(plan.C("7.2b"), "route", "portal/catalogue/dcat.jsonld")
	plan.Mark(plan.C("7.2b"), "route", "portal/api/3/action")
}

// wireError is what a program is told, in CKAN's shape.
type wireError struct {
	status  int
	Type    string `json:"__type"`
	Message string `json:"message"`
}

func (e *wireError) Error() string { return e.Message }

var (
	errNoSuch  = &wireError{http.StatusNotFound, "Not Found Error", "没有找到"}
	errBadAsk  = &wireError{http.StatusBadRequest, "Validation Error", "参数不正确"}
	errNoAct   = &wireError{http.StatusBadRequest, "Bad Request", "没有这个动作；可用的见 interfaces 页"}
	errBroken  = &wireError{http.StatusInternalServerError, "Internal Server Error", "暂时无法回答"}
	accessRead = map[string]string{"free": "PUBLIC", "conditional": "RESTRICTED", "none": "NON_PUBLIC"}
	frequency  = map[string]string{"realtime": "CONT", "day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "quarter": "QUARTERLY", "half_year": "ANNUAL_2", "year": "ANNUAL", "irregular": "IRREG"}
)

const authority = "http://publications.europa.eu/resource/authority/"

// data answers a program with JSON.
func (p *Portal) data(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Access-Control-Allow-Origin", "*")
		kind := "application/ld+json; charset=utf-8"
		ckan := strings.Contains(r.URL.Path, "/api/3/action/")
		if ckan {
			kind = "application/json; charset=utf-8"
		}
		out, err := f(r)
		status := http.StatusOK
		if err != nil {
			var e *wireError
			switch {
			case errors.As(err, &e):
			case errors.Is(err, store.ErrNotFound):
				e = errNoSuch
			default:
				slog.ErrorContext(r.Context(), "open interface failed", "route", r.Pattern, "err", err)
				e = errBroken
			}
			status, kind = e.status, "application/json; charset=utf-8"
			out = map[string]any{"success": false, "error": e}
		} else if ckan {
			out = map[string]any{"help": p.path("interfaces"), "success": true, "result": out}
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(true)
		if err := enc.Encode(out); err != nil {
			slog.ErrorContext(r.Context(), "open interface failed", "route", r.Pattern, "err", err)
			status = http.StatusInternalServerError
		}
		h.Set("Content-Type", kind)
		if status == http.StatusOK {
			h.Set("Cache-Control", "public, max-age=60")
		} else {
			h.Set("Cache-Control", "no-store")
		}
		w.WriteHeader(status)
		w.Write(b.Bytes()) //nolint:errcheck // the client is gone
	}
}

func (p *Portal) template(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	if err := sheet.Template(&b); err != nil {
		slog.ErrorContext(r.Context(), "template failed", "err", err)
		http.Error(w, "暂时无法下载，请稍后再试", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	h.Set("Content-Disposition", "attachment; filename=\"template.xlsx\"; filename*=UTF-8''"+url.PathEscape("公共数据资源目录编制模板.xlsx"))
	h.Set("X-Content-Type-Options", "nosniff")
	w.Write(b.Bytes()) //nolint:errcheck // the client is gone
}

// base is the portal's own address as the caller wrote it.
func (p *Portal) base(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host + p.Base
}

func number(s string, least, most, otherwise int) (int, error) {
	if s == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return 0, errBadAsk
	}
	return n, nil
}

var ldContext = map[string]any{"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/", "foaf": "http://xmlns.com/foaf/0.1/",
	"xsd": "http://www.w3.org/2001/XMLSchema#", "adms": "http://www.w3.org/ns/adms#", "csvw": "http://www.w3.org/ns/csvw#"}

func lang(s string) map[string]any { return map[string]any{"@value": s, "@language": "zh"} }

func stamp(t store.Time) map[string]any {
	return map[string]any{"@value": t.Format(time.RFC3339), "@type": "xsd:dateTime"}
}

// dataset is one item in the words of DCAT.
func (p *Portal) dataset(tx *store.ReadTx, it catalogue.Item, base string) (map[string]any, error) {
	source, err := sourceOf(tx, it.SourceOrg)
	if err != nil {
		return nil, err
	}
	notes, err := catalogue.Notes(tx, it)
	if err != nil {
		return nil, err
	}
	var cols []map[string]any
	for _, f := range it.Fields {
		c := map[string]any{"csvw:name": f.Name, "csvw:title": lang(f.Label), "csvw:datatype": catalogue.Label(catalogue.FieldTypes, f.Type)}
		if n := notes[f.Name]; n != "" {
			c["dct:description"] = lang(n)
		}
		cols = append(cols, c)
	}
	return map[string]any{"@id": base + "catalogue/items/" + it.Code, "@type": "dcat:Dataset", "dct:identifier": it.Code, "dct:title": lang(it.Title), "dct:description": lang(it.Abstract),
		"dct:publisher": map[string]any{"@type": "foaf:Organization", "foaf:name": lang(source)}, "dct:issued": stamp(it.Published), "dct:modified": stamp(it.Updated),
		"dct:accrualPeriodicity": map[string]any{"@id": authority + "frequency/" + frequency[it.UpdateCycle]}, "dct:accessRights": map[string]any{"@id": authority + "access-right/" + accessRead[it.OpenType]},
		"dcat:keyword": []any{lang(it.Class)}, "dcat:version": strconv.Itoa(it.Version), "dcat:landingPage": map[string]any{"@id": base + "list/catalogue/" + it.ID},
		"dct:type": catalogue.Label(catalogue.FormatClasses, it.FormatClass), "csvw:column": cols}, nil
}

func sourceOf(tx *store.ReadTx, org string) (string, error) {
	var name string
	err := tx.Get(&name, `SELECT name FROM org WHERE id = $1`, org)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return name, err
}

func (p *Portal) dcat(r *http.Request) (any, error) {
	page, err := number(r.URL.Query().Get("page"), 1, 1_000_000, 1)
	if err != nil {
		return nil, err
	}
	base := p.base(r)
	out := map[string]any{"@context": ldContext, "@id": base + "catalogue/dcat.jsonld", "@type": "dcat:Catalog", "dct:title": lang(p.City + "公共数据资源目录"), "dct:language": "zh",
		"dct:publisher": map[string]any{"@type": "foaf:Organization", "foaf:name": lang(p.Platform)}, "foaf:homepage": map[string]any{"@id": base}}
	err = p.read(r.Context(), func(tx *store.ReadTx) error {
		items, a, err := catalogue.Public(tx, catalogue.Question{Offset: (page - 1) * dcatPage, Size: dcatPage})
		if err != nil {
			return err
		}
		list := []any{}
		for _, it := range items {
			d, err := p.dataset(tx, it, base)
			if err != nil {
				return err
			}
			list = append(list, d)
		}
		out["dcat:dataset"] = list
		out["hydra"] = map[string]any{"totalItems": a.Total, "page": page, "pageSize": dcatPage, "pages": (a.Total + dcatPage - 1) / dcatPage}
		return nil
	})
	return out, err
}

func (p *Portal) dcatItem(r *http.Request) (any, error) {
	var out map[string]any
	err := p.read(r.Context(), func(tx *store.ReadTx) error {
		it, err := catalogue.PublicByCode(tx, strings.TrimSuffix(r.PathValue("code"), ".jsonld"))
		if err != nil {
			return err
		}
		out, err = p.dataset(tx, it, p.base(r))
		return err
	})
	if err == nil {
		out["@context"] = ldContext
	}
	return out, err
}

// ckan answers the read actions of CKAN's action interface; fq takes FACET:VALUE of the facets of the catalogue.
func (p *Portal) ckan(r *http.Request) (any, error) {
	q := r.URL.Query()
	var out any
	return out, p.read(r.Context(), func(tx *store.ReadTx) (err error) {
		out, err = p.action(tx, r, r.PathValue("action"), q)
		return err
	})
}

func (p *Portal) action(tx *store.ReadTx, r *http.Request, action string, q url.Values) (any, error) {
	switch action {
	case "status_show":
		return map[string]any{"ckan_version": "2.10.0", "site_title": p.Platform, "site_url": p.base(r), "locale_default": "zh_CN", "extensions": []string{}}, nil
	case "package_list":
		limit, err := number(q.Get("limit"), 1, 1000, 1000)
		if err != nil {
			return nil, err
		}
		offset, err := number(q.Get("offset"), 0, 10_000_000, 0)
		if err != nil {
			return nil, err
		}
		codes := []string{}
		return codes, tx.Select(&codes, `SELECT code FROM catalogue_item WHERE state = 'published' ORDER BY code LIMIT $1 OFFSET $2`, limit, offset)
	case "package_show":
		it, err := catalogue.PublicByCode(tx, q.Get("id"))
		if err != nil {
			return nil, err
		}
		return p.pkg(tx, r, it)
	case "package_search":
		return p.packageSearch(tx, r, q)
	case "organization_list":
		var rows []struct{ ID, Name string }
		if err := tx.Select(&rows, `SELECT DISTINCT o.id, o.name FROM org o JOIN catalogue_item i ON i.source_org = o.id AND i.state = 'published' ORDER BY o.name`); err != nil {
			return nil, err
		}
		out := []any{}
		for _, o := range rows {
			if q.Get("all_fields") == "true" || q.Get("all_fields") == "True" {
				out = append(out, map[string]any{"id": o.ID, "name": o.ID, "title": o.Name})
			} else {
				out = append(out, o.ID)
			}
		}
		return out, nil
	}
	return nil, errNoAct
}

func (p *Portal) packageSearch(tx *store.ReadTx, r *http.Request, q url.Values) (any, error) {
	rows, err := number(q.Get("rows"), 0, ckanMost, ckanRows)
	if err != nil {
		return nil, err
	}
	start, err := number(q.Get("start"), 0, 10_000_000, 0)
	if err != nil {
		return nil, err
	}
	ask := catalogue.Question{Text: strings.TrimSpace(q.Get("q")), Offset: start, Size: max(rows, 1), Facets: map[string]string{}}
	if ask.Text == "*:*" || ask.Text == "*" {
		ask.Text = ""
	}
	if len([]rune(ask.Text)) > maxQuery {
		return nil, errBadAsk
	}
	known := strings.Fields(ckanFacets)
	for part := range strings.FieldsSeq(strings.ReplaceAll(q.Get("fq"), " AND ", " ")) {
		f, v, ok := strings.Cut(strings.TrimPrefix(part, "+"), ":")
		if f == "organization" {
			f = "source"
		}
		if !ok || !in(known, f) {
			return nil, errBadAsk
		}
		ask.Facets[f] = strings.Trim(v, `"`)
	}
	items, a, err := catalogue.Public(tx, ask)
	if err != nil {
		return nil, err
	}
	results := []any{}
	for _, it := range items[:min(rows, len(items))] {
		x, err := p.pkg(tx, r, it)
		if err != nil {
			return nil, err
		}
		results = append(results, x)
	}
	facets := map[string]any{}
	for _, f := range known {
		if a.Counts[f] != nil {
			facets[f] = a.Counts[f]
		}
	}
	return map[string]any{"count": a.Total, "results": results, "facets": facets, "sort": "score desc"}, nil
}

func in(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// pkg is one item as a CKAN package.
func (p *Portal) pkg(tx *store.ReadTx, r *http.Request, it catalogue.Item) (any, error) {
	source, err := sourceOf(tx, it.SourceOrg)
	if err != nil {
		return nil, err
	}
	notes, err := catalogue.Notes(tx, it)
	if err != nil {
		return nil, err
	}
	var cols []any
	for _, f := range it.Fields {
		cols = append(cols, map[string]any{"id": f.Name, "type": f.Type, "info": map[string]any{"label": f.Label, "notes": notes[f.Name]}})
	}
	extra := func(k, v string) map[string]any { return map[string]any{"key": k, "value": v} }
	return map[string]any{"id": it.ID, "name": it.Code, "title": it.Title, "notes": it.Abstract, "state": "active", "private": false, "type": "dataset",
		"url": p.base(r) + "list/catalogue/" + it.ID, "version": fmt.Sprint(it.Version), "metadata_created": it.Published.UTC().Format("2006-01-02T15:04:05.000000"),
		"metadata_modified": it.Updated.UTC().Format("2006-01-02T15:04:05.000000"), "organization": map[string]any{"id": it.SourceOrg, "name": it.SourceOrg, "title": source, "type": "organization"},
		"tags": []any{map[string]any{"name": it.Class, "display_name": it.Class}}, "num_resources": 0, "resources": []any{}, "fields": cols,
		"extras": []any{extra("更新周期", catalogue.Label(catalogue.Cycles, it.UpdateCycle)), extra("共享类型", catalogue.Label(catalogue.ShareTypes, it.ShareType)),
			extra("开放类型", catalogue.Label(catalogue.OpenTypes, it.OpenType)), extra("授权属性", catalogue.Label(catalogue.Authorisables, it.Authorisable)),
			extra("格式", it.FormatType), extra("内容摘要", it.Digest)}}, nil
}
