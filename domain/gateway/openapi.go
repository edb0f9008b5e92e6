package gateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// InvokePath is the address of a product's call.
func InvokePath(product string) string { return "/open/v1/products/" + product + "/invoke" }

type object = map[string]any

// OpenAPI describes, as OpenAPI 3.1, the call of every product that is
// published, registered and listed at this instant, and the paths a face adds.
func (s *Snapshot) OpenAPI(at time.Time, more map[string]any) ([]byte, error) {
	paths := object{}
	maps.Copy(paths, more)
	for _, id := range slices.Sorted(maps.Keys(s.Products)) {
		p := s.Products[id]
		if p.State == Active && p.RegistrationCode != "" && p.Listing.Item != "" && p.Listing.Span.Contains(at) {
			maps.Copy(paths, p.Fragment())
		}
	}
	return json.MarshalIndent(object{
		"openapi":    "3.1.0",
		"info":       object{"title": "公共数据产品调用接口", "version": fmt.Sprint(s.Version)},
		"paths":      paths,
		"components": Components(),
	}, "", " ")
}

// Components are the parts every fragment refers to.
func Components() map[string]any {
	header := func(name, description string, required bool) object {
		return object{"name": name, "in": "header", "required": required, "description": description, "schema": object{"type": "string"}}
	}
	codes := make([]any, 0, len(refusalTable))
	for _, r := range refusalTable {
		codes = append(codes, string(r.code))
	}
	return object{
		"parameters": object{
			"PadoKey":         header("X-Pado-Key", "密钥标识", true),
			"PadoTime":        header("X-Pado-Time", "签名时间，Unix 秒", true),
			"PadoNonce":       header("X-Pado-Nonce", "随机数，16至64个字符", true),
			"PadoSignature":   header("X-Pado-Signature", "签名，64位十六进制", true),
			"IdempotencyKey":  header("Idempotency-Key", "幂等键；24小时内同键同内容只计量一次", false),
			"PadoLimit":       object{"name": "limit", "in": "query", "schema": object{"type": "integer", "minimum": 1}},
			"PadoCursor":      object{"name": "cursor", "in": "query", "schema": object{"type": "string"}},
			"PadoColumns":     object{"name": "columns", "in": "query", "description": "所需列名，以逗号分隔", "schema": object{"type": "string"}},
			"PadoConsentCode": object{"name": "consent", "in": "query", "description": "同意编号", "schema": object{"type": "string"}},
		},
		"schemas": object{"Problem": object{
			"type":     "object",
			"required": []any{"type", "title", "status", "code", "detail", "clause", "request_id"},
			"properties": object{
				"type": object{"type": "string"}, "title": object{"type": "string"}, "status": object{"type": "integer"},
				"code": object{"type": "string", "enum": codes}, "detail": object{"type": "string"},
				"clause": object{"type": "string"}, "request_id": object{"type": "string"},
				"errors": object{"type": "array", "items": object{"type": "object", "properties": object{
					"path": object{"type": "string"}, "message": object{"type": "string"}, "clause": object{"type": "string"}}}},
			},
		}},
		"responses": object{"Refused": object{
			"description": "未予提供，附代码、说明和条款",
			"content":     object{"application/problem+json": object{"schema": object{"$ref": "#/components/schemas/Problem"}}},
		}},
	}
}

// Fragment is the OpenAPI path item of the product's call, under its address.
func (p *Product) Fragment() map[string]any {
	common := []any{}
	for _, name := range []string{"PadoKey", "PadoTime", "PadoNonce", "PadoSignature", "IdempotencyKey"} {
		common = append(common, object{"$ref": "#/components/parameters/" + name})
	}
	shared := []string{"PadoLimit", "PadoCursor", "PadoColumns"}
	body := object{
		"limit":   object{"type": "integer", "minimum": 1, "maximum": p.Paging.Max, "default": p.Paging.Default},
		"cursor":  object{"type": "string"},
		"columns": object{"type": "string"},
	}
	if p.Named != nil {
		shared = append(shared, "PadoConsentCode")
		body["consent"] = object{"type": "string"}
	}
	query, required := []any{}, []any{}
	for i := range p.Params {
		q := &p.Params[i]
		schema := q.schema()
		query = append(query, object{"name": q.Name, "in": "query", "required": q.Required, "description": q.Title, "schema": schema})
		body[q.Name] = schema
		if q.Required {
			required = append(required, q.Name)
		}
	}
	for _, name := range shared {
		query = append(query, object{"$ref": "#/components/parameters/" + name})
	}
	content := object{"type": "object", "properties": body, "additionalProperties": false}
	if len(required) > 0 {
		content["required"] = required
	}
	responses := object{
		"200":     object{"description": "数据", "content": object{"application/json": object{"schema": p.answer()}}},
		"default": object{"$ref": "#/components/responses/Refused"},
	}
	operation := func(verb string, extra object) object {
		o := object{
			"operationId": "invoke_" + p.ID + "_" + verb,
			"summary":     p.Title,
			"responses":   responses,
			"x-pado":      object{"registration_code": p.RegistrationCode, "release": p.Release, "terms": p.Terms, "list_item": p.Listing.Item},
		}
		maps.Copy(o, extra)
		return o
	}
	item := object{
		"parameters": common,
		"post":       operation("post", object{"requestBody": object{"content": object{"application/json": object{"schema": content}}}}),
	}
	// A named subject does not belong in an address, which ends up in logs.
	if p.Named == nil {
		item["get"] = operation("get", object{"parameters": query})
	}
	return object{InvokePath(p.ID): item}
}

func (q *Param) schema() object {
	s := typeSchema(q.Type)
	s["description"] = q.Title
	if len(q.Enum) > 0 {
		s["enum"] = q.Enum
	}
	if q.Pattern != "" {
		s["pattern"] = "^(?:" + q.Pattern + ")$"
	}
	if q.Min != "" {
		s["x-minimum"] = q.Min
	}
	if q.Max != "" {
		s["x-maximum"] = q.Max
	}
	if q.Type == String {
		s["maxLength"] = defaultLength
		if q.MaxLength > 0 {
			s["maxLength"] = q.MaxLength
		}
	}
	return s
}

func typeSchema(t ColumnType) object {
	switch t {
	case Integer:
		return object{"type": "integer"}
	case Boolean:
		return object{"type": "boolean"}
	case Date:
		return object{"type": "string", "format": "date"}
	case Decimal:
		return object{"type": "string", "format": "decimal"}
	case USCC, IDCard:
		return object{"type": "string", "minLength": 18, "maxLength": 18}
	}
	return object{"type": "string"}
}

func (p *Product) answer() object {
	columns := object{}
	for _, c := range p.Columns {
		if c.Hidden {
			continue
		}
		s := typeSchema(c.Type)
		if c.Nullable {
			s["type"] = []any{s["type"], "null"}
		}
		s["description"] = c.Title
		columns[c.Name] = s
	}
	text := object{"type": "string"}
	return object{
		"type":     "object",
		"required": []any{"request_id", "product", "registration_code", "release", "terms", "price_version", "quota_remaining", "rows"},
		"properties": object{
			"request_id": text, "product": text, "registration_code": text, "release": text, "terms": text, "price_version": text,
			"quota_remaining": object{"type": []any{"integer", "null"}, "description": "本周期剩余次数；不限次时为空"},
			"rows":            object{"type": "array", "items": object{"type": "object", "properties": columns}},
			"next_cursor":     text,
		},
	}
}
