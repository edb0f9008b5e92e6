package ingest

import (
	"errors"
	"strings"

	"pado/domain/governance/ingest/engine"
	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/ingest/read"
	"pado/domain/governance/vault"
)

// Error is a run that was refused or failed as a whole. The message may be
// shown; it names columns, never values, paths or the engine's words.
type Error struct {
	Code    string
	Clause  string
	Message string
	Missing []string // ErrSchema: declared columns the file lacks
	Extra   []string // ErrSchema: columns of the file that are not declared
	cause   error
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Unwrap gives the cause, if it says nothing it should not.
func (e *Error) Unwrap() error { return e.cause }

// Is compares codes.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// What a run can be refused or fail for, besides the errors of the packages
// read, pipeline, engine and vault.
var (
	// ErrSchema: the delivery's columns are not those declared (7.2).
	ErrSchema = &Error{Code: "INGEST_SCHEMA", Clause: "7.2", Message: "报送文件的字段与声明不一致"}
	// ErrNoHeader: the file ended before its header.
	ErrNoHeader = &Error{Code: "INGEST_NO_HEADER", Clause: "7.2", Message: "文件没有表头"}
	// ErrKey: the pipeline makes pseudonyms, or rows must be quarantined, and the key for it was not given.
	ErrKey = &Error{Code: "INGEST_KEY", Clause: "6.2.2", Message: "未提供治理所需的密钥（假名化密钥或隔离区密钥）"}
	// ErrCount: the rows do not add up; the engine and the reader disagree.
	ErrCount = &Error{Code: "INGEST_COUNT", Clause: "6.2.2", Message: "行数核对不一致，治理结果已作废，请联系系统管理员"}
	// ErrSource: the file changed between two readings, or is not the one announced.
	ErrSource = &Error{Code: "INGEST_SOURCE", Clause: "6.2.2", Message: "原始文件与登记的摘要不符，已停止治理"}
	// ErrStore: writing the result failed; nothing of it is visible.
	ErrStore = &Error{Code: "INGEST_STORE", Clause: "6.2.2", Message: "写入治理结果失败，未产生任何结果"}
)

// schemaError says of columns that are not declared where they stand only: in a file without a
// header there are values where the names should be. Extra is for whoever holds the file.
func schemaError(missing, extra, places []string) *Error {
	e := *ErrSchema
	e.Missing, e.Extra = missing, extra
	if len(missing) > 0 {
		e.Message += "；缺少：" + strings.Join(missing, "、")
	}
	if len(extra) > 0 {
		e.Message += "；多出：第" + strings.Join(places, "、") + "列"
	}
	return &e
}

func with(e *Error, cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// Code is the stable code of an error of this room or of the packages below
// it, "INGEST_ENGINE" for any other.
func Code(err error) string { c, _, _ := facts(err); return c }

// Clause is the clause of such an error.
func Clause(err error) string { _, c, _ := facts(err); return c }

// Message is the sentence of such an error that may be shown.
func Message(err error) string { _, _, m := facts(err); return m }

func facts(err error) (code, clause, message string) {
	var (
		own  *Error
		rd   *read.Error
		decl *pipeline.Error
		eng  *engine.Error
		vlt  *vault.Error
	)
	switch {
	case errors.As(err, &own):
		return own.Code, own.Clause, own.Message
	case errors.As(err, &rd):
		return rd.Code, rd.Clause, rd.Message
	case errors.As(err, &decl):
		m := decl.Message
		if decl.Path != "" {
			m = decl.Path + "：" + m
		}
		return decl.Code, decl.Clause, m
	case errors.As(err, &eng):
		return eng.Code, eng.Clause, eng.Message
	case errors.As(err, &vlt):
		return vlt.Code, vlt.Clause, vlt.Message
	}
	return engine.ErrEngine.Code, engine.ErrEngine.Clause, engine.ErrEngine.Message
}
