package ast

import (
	"unicode"
	"unicode/utf8"

	"pado/domain/sandbox/guard/refuse"
)

// Limits on what is accepted before and after parsing. They are far below what crashes or
// slows the engine's parser and far above what a statistical question needs.
const (
	MaxTextBytes = 16 << 10
	MaxDepth     = 120   // nesting of the JSON tree; one SQL nesting level is about three
	MaxNodes     = 20000 // JSON values in the tree
	MaxInList    = 50
	MaxName      = 64  // runes in an identifier or alias
	MaxString    = 256 // runes in a text literal
)

// CheckText refuses text that must not reach the parser: too long, not UTF-8, or with NUL
// anywhere, or with control, bidirectional or zero-width characters outside a plain '…'
// literal. Inside a literal only NUL is refused here; CheckString judges literals later.
func CheckText(sql string) *refuse.Refusal {
	if len(sql) > MaxTextBytes {
		return refuse.New(refuse.TextTooLong)
	}
	if !utf8.ValidString(sql) {
		return refuse.New(refuse.TextEncoding)
	}
	quoted := false
	for i, c := range sql {
		if c == '\'' {
			quoted = !quoted
		}
		if c == 0 {
			return refuse.Newf(refuse.TextCharacter, "第 %d 个字节处", i+1)
		}
		if quoted {
			continue
		}
		if hidden(c) && c != '\n' && c != '\t' && c != '\r' {
			return refuse.Newf(refuse.TextCharacter, "第 %d 个字节处 U+%04X", i+1, c)
		}
	}
	return nil
}

// hidden reports characters that change how text looks without showing themselves.
func hidden(c rune) bool {
	switch {
	case unicode.Is(unicode.Cc, c), unicode.Is(unicode.Cf, c), unicode.Is(unicode.Co, c), unicode.Is(unicode.Cs, c):
		return true
	case c == 0x2028, c == 0x2029, c == 0x115F, c == 0x1160, c == 0x3164, c == 0xFFA0:
		return true
	case unicode.Is(unicode.Zs, c) && c != ' ':
		return true
	}
	return false
}

// CheckName accepts names that may become an identifier or a column heading.
func CheckName(s string) bool {
	if s == "" || utf8.RuneCountInString(s) > MaxName {
		return false
	}
	for _, c := range s {
		if c == utf8.RuneError || hidden(c) || c == '"' || c == '\'' || c == '`' || c == ';' || c == '\\' {
			return false
		}
	}
	return true
}

// CheckString accepts text literals.
func CheckString(s string) bool {
	if utf8.RuneCountInString(s) > MaxString {
		return false
	}
	for _, c := range s {
		if c == utf8.RuneError || (hidden(c) && c != 0x3000) {
			return false
		}
	}
	return true
}
