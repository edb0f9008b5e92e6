// Package api is the platform's face to programs and to its own pages: routes derived from the
// declarations, OpenAPI 3.1, problem documents (RFC 9457). See README.md.
package api

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"pado/core/identity"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/plan"
)

// Problem is the one shape of every error (RFC 9457) with a stable code and the clause. It
// never carries engine text, a path or a value.
type Problem struct {
	Type   string                 `json:"type"`
	Title  string                 `json:"title"`
	Status int                    `json:"status"`
	Detail string                 `json:"detail"`
	Code   string                 `json:"code"`
	Clause *ClauseRef             `json:"clause,omitempty"`
	Errors []procedure.FieldError `json:"errors,omitempty"`
	Number string                 `json:"number,omitempty"` // of this request, for the help desk
}

// Error implements error and, with GetStatus, huma.StatusError.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders implements huma.HeadersError: what is asked too often may be asked again in a while.
func (p *Problem) GetHeaders() http.Header {
	if p.Status == http.StatusTooManyRequests {
		return http.Header{"Retry-After": {retryAfter}}
	}
	return nil
}

// retryAfter is in seconds.
const retryAfter = "60"

// ClauseRef names a clause of the plan.
type ClauseRef struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

func clauseRef(id string) *ClauseRef {
	c, ok := plan.Lookup(id)
	if !ok {
		return nil
	}
	return &ClauseRef{c.ID, c.Title}
}

func problem(status int, code, detail string) *Problem {
	return &Problem{Type: "/help/errors#" + code, Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

var (
	errNotFound  = problem(404, "not_found", "没有找到，或者您无权查看")
	errSignIn    = problem(401, "sign_in.required", "请先登录")
	errReadOnly  = problem(503, "read_only", "平台暂时只能查看，不能办理，请稍后再试；已提交的内容没有丢失")
	errInternal  = problem(500, "internal", "平台出现故障，本次未办理。请稍后重试，或把编号告知管理员")
	errTooLarge  = problem(413, "request.too_large", "提交的内容过大")
	errBadJSON   = problem(400, "request.malformed", "提交的内容格式不正确")
	errNoMatch   = problem(428, "request.if_match", "办理时须说明所依据的版本，请刷新页面后重试")
	errForgery   = problem(403, "request.origin", "请求缺少本平台页面的标记，已拒绝")
	errTooMany   = problem(429, "request.too_many", "操作过于频繁，请稍后再试")
	errBadMethod = problem(405, "request.method", "这个地址不接受这种请求")
)

// toProblem is the one table from errors to answers. What it does not know is internal: logged
// with its number, never shown.
func toProblem(err error) *Problem {
	var (
		p     *Problem
		ref   *procedure.Refused
		inv   *procedure.Invalid
		stale *procedure.Stale
		fail  *identity.Failure
		par   *plan.Error
	)
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &inv):
		out := problem(422, "form.invalid", "有内容需要更正，请按提示修改后再提交")
		out.Errors = inv.Errors
		return out
	case errors.As(err, &stale):
		detail := "事项已有新的办理，请刷新后再办"
		if stale.By != "" {
			detail = "事项已由" + stale.By + "于" + stale.At.Format("1月2日 15:04") + "办理“" + stale.Did + "”，请刷新后再办"
		}
		return problem(409, "case.stale", detail)
	case errors.As(err, &ref):
		status := 422
		if ref.Code == "case.role" || ref.Code == "case.handler" {
			status = 403
		}
		out := problem(status, ref.Code, ref.Message)
		out.Clause = clauseRef(ref.Clause.ID)
		return out
	case errors.As(err, &fail):
		out := problem(failureStatus(fail.Code), fail.Code, fail.Message)
		out.Clause = clauseRef(fail.Clause.ID)
		return out
	case errors.As(err, &par):
		return problem(422, "parameter.unset", par.Message)
	case errors.Is(err, store.ErrReadOnly):
		return errReadOnly
	case errors.Is(err, store.ErrNotFound):
		return errNotFound
	case errors.Is(err, store.ErrConflict):
		return problem(409, "conflict", "与同一时刻的另一项办理冲突，请刷新后重试")
	case errors.Is(err, register.ErrQuery):
		return problem(400, "list.query", "列表的筛选条件或页码无效")
	}
	return errInternal
}

func failureStatus(code string) int {
	switch code {
	case "sign_in.locked":
		return 423
	case "sign_in.failed", "sign_in.second_factor", "sign_in.password_expired", "sign_in.required":
		return 401
	case "sign_in.too_many":
		return 429
	case "account.office", identity.CodeConfirm:
		return 403
	case "account.unknown":
		return 404
	}
	return 422
}

// fail writes an error as a problem document; unknown ones are logged under the number.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	p := *toProblem(err)
	p.Number = requestNumber(r)
	if p.Status >= 500 && p.Code != "read_only" {
		slog.ErrorContext(r.Context(), "request failed", "number", p.Number, "method", r.Method, "route", r.Pattern, "err", err)
	}
	if p.Status == 429 {
		w.Header().Set("Retry-After", retryAfter)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p) //nolint:errcheck // the client is gone
}
