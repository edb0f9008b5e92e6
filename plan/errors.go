package plan

import "fmt"

// Code is the stable name of an error of this package. The screens, the API
// and the tests know errors by it; the Chinese sentence beside it may be
// improved at any time.
type Code string

// The codes. They are stored in logs and shown to users: never renamed.
const (
	CodeUnknown    Code = "PARAMETER_UNKNOWN"
	CodeNotInForce Code = "PARAMETER_NOT_IN_FORCE"
	CodeRequired   Code = "PARAMETER_REQUIRED"
	CodeInvalid    Code = "PARAMETER_INVALID"
	CodeFixed      Code = "PARAMETER_FIXED"
	CodeTaken      Code = "PARAMETER_DATE_TAKEN"
	CodeSum        Code = "PARAMETER_SUM"
	CodeKind       Code = "PARAMETER_KIND"
	CodeDate       Code = "DATE_INVALID"
	CodeCity       Code = "CITY_UNKNOWN"
)

// Error is what a person is told when a parameter cannot be had or set: a
// Chinese sentence, a stable code, and the clause the parameter serves (empty
// when no parameter is concerned). It carries no value and no path.
type Error struct {
	Code    Code
	Clause  string
	Message string
}

func (e *Error) Error() string { return e.Message }

// Is reports whether target is an *Error of the same code, so that callers
// can write errors.Is(err, plan.ErrRequired).
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Sentinels for errors.Is; only their codes matter.
var (
	ErrUnknown    = &Error{Code: CodeUnknown, Message: "没有这个参数"}
	ErrNotInForce = &Error{Code: CodeNotInForce, Message: "参数在所问日期尚未生效"}
	ErrRequired   = &Error{Code: CodeRequired, Message: "参数须由市里设定，尚未设定"}
	ErrInvalid    = &Error{Code: CodeInvalid, Message: "参数取值不合规定"}
	ErrFixed      = &Error{Code: CodeFixed, Message: "参数由上位规定固定，不得另设"}
	ErrTaken      = &Error{Code: CodeTaken, Message: "同一生效日期已有取值"}
	ErrSum        = &Error{Code: CodeSum, Message: "一组比例之和不是百分之百"}
	ErrKind       = &Error{Code: CodeKind, Message: "参数的单位与所需的类型不符"}
	ErrDate       = &Error{Code: CodeDate, Message: "日期不合规定"}
	ErrCity       = &Error{Code: CodeCity, Message: "没有该地区的参数"}
)

func fail(code Code, clause, format string, args ...any) *Error {
	return &Error{Code: code, Clause: clause, Message: fmt.Sprintf(format, args...)}
}
