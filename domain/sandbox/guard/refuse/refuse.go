// Package refuse holds every sentence the guarded query path (安全沙箱受控查询) says when it
// does not answer. It imports the standard library only, so screens, documents and tests
// agree on one list (codes.go).
package refuse

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Code is a stable machine name. Renaming one breaks stored audit entries and callers.
type Code string

// Refusal says why a question is not answered. Message is a Chinese sentence, Hint what to
// write instead; neither ever carries engine text, a path or a value read from data. Details
// may quote names and literals the asker typed and names the policy publishes, nothing else.
type Refusal struct {
	Code    Code   `json:"code"`
	Clause  string `json:"clause"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// Error is the message with its code; Refusal satisfies error so that it can travel through
// plumbing, but callers keep it apart from failures.
func (r *Refusal) Error() string { return string(r.Code) + ": " + r.Message }

// New builds the refusal of a code. detail, when not empty, is appended to the message after
// a colon; it is cut and cleaned, because it may quote what the asker typed.
func New(code Code, detail ...string) *Refusal {
	e, ok := table[code]
	if !ok {
		e = table[Internal]
	}
	msg := e.Message
	if d := strings.Join(detail, "、"); d != "" {
		msg = strings.TrimSuffix(msg, "。") + "：" + Clean(d) + "。"
	}
	return &Refusal{Code: code, Clause: e.Clause, Message: msg, Hint: e.Hint}
}

// Newf is New with a formatted detail.
func Newf(code Code, format string, args ...any) *Refusal {
	return New(code, fmt.Sprintf(format, args...))
}

// WithHint replaces the general hint by one for the case at hand.
func (r *Refusal) WithHint(format string, args ...any) *Refusal {
	c := *r
	c.Hint = Clean(fmt.Sprintf(format, args...))
	return &c
}

// Clean makes a quoted fragment fit for a message: printable characters only, at most 300.
func Clean(s string) string {
	var b strings.Builder
	n := 0
	for _, c := range s {
		if n == 300 {
			b.WriteString("…")
			break
		}
		if c == utf8.RuneError || !unicode.IsPrint(c) {
			c = '?'
		}
		b.WriteRune(c)
		n++
	}
	return b.String()
}
