package procedures_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"pado/core/docs"
	"pado/procedures"
)

// TestEveryDeclaredWordCanBePrinted runs the characters of every label, message, option and paper
// text through the print fonts: a character without a glyph would stop the document it stands in.
func TestEveryDeclaredWordCanBePrinted(t *testing.T) {
	where := map[rune]string{}
	note := func(place, text string) {
		for _, r := range text {
			if unicode.IsPrint(r) && where[r] == "" {
				where[r] = place
			}
		}
	}
	for _, p := range procedures.All() {
		words(reflect.ValueOf(p).Elem(), func(s string) { note(p.ID, s) }, map[uintptr]bool{})
	}
	declared := len(where)
	for _, g := range procedures.Registers() {
		note(g.ID, g.Title+g.Group)
		for _, c := range g.Columns {
			note(g.ID, c.Label)
		}
	}
	// What papers say stands in the functions that draw them: the sentences of the source.
	for _, room := range []string{".", filepath.Join("..", "domain")} {
		err := filepath.WalkDir(room, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() && d.Name() == "guard" {
				return fs.SkipDir // answers questions on the screen; what it says is on no paper
			}
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if b, ok := n.(*ast.BasicLit); ok && b.Kind == token.STRING {
					if s, err := strconv.Unquote(b.Value); err == nil && strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
						note(path, s)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if declared < 800 || len(where) <= declared {
		t.Fatalf("only %d characters in the declarations, %d in all: the walk misses something", declared, len(where))
	}
	for _, d := range documents(where) {
		err := docs.PDF(io.Discard, d)
		var missing *docs.MissingGlyphs
		switch {
		case errors.Is(err, docs.ErrNoFont):
			t.Skip("skipped: this build has no print fonts (tools/font/build.sh makes them)")
		case errors.As(err, &missing):
			for _, r := range missing.Chars {
				t.Errorf("%s: no glyph for %c (U+%04X)", where[r], r, r)
			}
		case err != nil:
			t.Fatal(err)
		}
	}
	// The test can fail: a character of the private area has no glyph.
	var missing *docs.MissingGlyphs
	if err := docs.PDF(io.Discard, documents(map[rune]string{'\ue000': ""})[0]); !errors.As(err, &missing) {
		t.Errorf("a character nobody can print passes: %v", err)
	}
}

// documents set the characters in the text and in tables; the text face is the one that must have
// them all.
func documents(where map[rune]string) []docs.Document {
	var all []rune
	for r := range where {
		all = append(all, r)
	}
	slices.Sort(all)
	var blocks []docs.Block
	for part := range slices.Chunk(all, 200) {
		blocks = append(blocks, docs.P(string(part)))
	}
	return []docs.Document{{Kind: docs.Report, Title: "文字", Blocks: blocks}, {Kind: docs.Statement, Title: "文字", Blocks: blocks}}
}

// words calls f for every string a declaration holds, functions left out.
func words(v reflect.Value, f func(string), seen map[uintptr]bool) {
	switch v.Kind() {
	case reflect.String:
		f(v.String())
	case reflect.Pointer:
		if !v.IsNil() && !seen[v.Pointer()] {
			seen[v.Pointer()] = true
			words(v.Elem(), f, seen)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				words(v.Field(i), f, seen)
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			words(v.Index(i), f, seen)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			words(v.MapIndex(k), f, seen)
		}
	}
}
