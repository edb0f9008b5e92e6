package portal

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the generated files of this package")

var (
	codeShape   = regexp.MustCompile(`^([a-z][a-z0-9_]*(\.[a-z0-9_]+)+|GUARD_[A-Z0-9_]+)$`)
	clauseShape = regexp.MustCompile(`^\d+(\.\d+)*[a-z]?$`)
	bareCodes   = []string{"not_found", "internal", "read_only", "conflict"}
	verb        = regexp.MustCompile(`%[-+#0-9.]*[a-zA-Z]`)
	chinese     = regexp.MustCompile(`\p{Han}`)
)

// TestGeneratedCodesAreThoseOfTheSource collects every code that a refusal carries anywhere in the
// source, with its sentences, and compares them with codes.json, from which the page is drawn.
// When it fails: go test ./portal -run GeneratedCodes -update
func TestGeneratedCodesAreThoseOfTheSource(t *testing.T) {
	s := scan(t, "..")
	var all []codeEntry
	for _, c := range s.codes {
		slices.Sort(c.Says)
		slices.Sort(c.Clauses)
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b codeEntry) int { return strings.Compare(a.Code, b.Code) })
	if len(all) < 200 {
		t.Fatalf("only %d codes were found in the source", len(all))
	}
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(all); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("codes.json", got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(got.Bytes(), codesJSON) {
		var old []codeEntry
		if err := json.Unmarshal(codesJSON, &old); err != nil {
			t.Fatal(err)
		}
		known := map[string]string{}
		for _, c := range old {
			known[c.Code] = strings.Join(c.Says, "|")
		}
		for _, c := range all {
			if says, ok := known[c.Code]; !ok || says != strings.Join(c.Says, "|") {
				t.Errorf("%s: %q, the page has %q", c.Code, c.Says, says)
			}
			delete(known, c.Code)
		}
		for code := range known {
			t.Errorf("%s is explained and no longer used", code)
		}
		t.Error("codes.json is not what the source says: go test ./portal -run GeneratedCodes -update")
	}
}

type scanned struct {
	codes  map[string]*codeEntry
	consts map[string]string // folder.name and package.name → value
	locals map[string]string // sentences assigned in the function at hand
}

func scan(t *testing.T, root string) *scanned {
	t.Helper()
	s := &scanned{codes: map[string]*codeEntry{}, consts: map[string]string{}}
	type source struct {
		dir  string
		file *ast.File
	}
	var sources []source
	set := token.NewFileSet()
	for _, room := range []string{"api", "core", "domain", "plan", "procedures"} {
		err := filepath.WalkDir(filepath.Join(root, room), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(set, path, nil, 0)
			if err != nil {
				return err
			}
			sources = append(sources, source{filepath.Dir(path), f})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range sources {
		for _, d := range x.file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				for i, name := range v.Names {
					if i < len(v.Values) {
						if text, ok := literal(v.Values[i]); ok {
							s.consts[x.dir+"."+name.Name] = text
							s.consts[filepath.Base(x.dir)+"."+name.Name] = text
						}
					}
				}
			}
		}
	}
	for _, x := range sources {
		for _, d := range x.file.Decls {
			s.locals = map[string]string{}
			ast.Inspect(d, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.AssignStmt:
					for i, l := range n.Lhs {
						if name, ok := l.(*ast.Ident); ok && i < len(n.Rhs) {
							if text, ok := literal(n.Rhs[i]); ok && s.locals[name.Name] == "" {
								s.locals[name.Name] = text
							}
						}
					}
				case *ast.CallExpr:
					s.call(x.dir, n)
				case *ast.CompositeLit:
					s.composite(x.dir, n)
				}
				return true
			})
		}
	}
	return s
}

// call finds Refuse(code, clause, say …), problem(status, code, say), fail(code, say …).
func (s *scanned) call(dir string, n *ast.CallExpr) {
	name := ""
	switch f := n.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
	}
	arg := func(i int) string {
		if i < len(n.Args) {
			return s.text(dir, n.Args[i])
		}
		return ""
	}
	switch name {
	case "Refuse":
		clause := ""
		if len(n.Args) > 1 {
			clause = s.clause(n.Args[1])
		}
		s.add(arg(0), arg(2), clause, 0)
	case "problem":
		if b, ok := first(n).(*ast.BasicLit); ok {
			status, err := strconv.Atoi(b.Value)
			if err == nil {
				s.add(arg(1), arg(2), "", status)
			}
		}
	case "fail", "failure":
		s.add(arg(0), arg(1), "", 0)
	}
}

func first(n *ast.CallExpr) ast.Expr {
	if len(n.Args) == 0 {
		return nil
	}
	return n.Args[0]
}

// composite finds values with a Code and something to say, and tables from a code to its sentence.
func (s *scanned) composite(dir string, n *ast.CompositeLit) {
	var code, say, clause string
	for _, e := range n.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		if key, ok := kv.Key.(*ast.Ident); ok {
			switch key.Name {
			case "Code":
				code = s.text(dir, kv.Value)
				continue
			case "Say", "Message":
				say = s.text(dir, kv.Value)
				continue
			case "Plan", "Clause":
				clause = s.clause(kv.Value)
				continue
			}
		}
		row := s.text(dir, kv.Key)
		if !isCode(row) {
			continue
		}
		if text := s.text(dir, kv.Value); text != "" {
			s.add(row, text, "", 0)
			continue
		}
		if v, ok := kv.Value.(*ast.CompositeLit); ok {
			said, on := "", ""
			for _, x := range v.Elts {
				if kv, ok := x.(*ast.KeyValueExpr); ok {
					x = kv.Value
				}
				text := s.text(dir, x)
				switch c := s.clause(x); {
				case c != "":
					on = c
				case clauseShape.MatchString(text):
					on = text
				case chinese.MatchString(text):
					said += text // a message and what to do
				}
			}
			s.add(row, said, on, 0)
		}
	}
	s.add(code, say, clause, 0)
}

func isCode(s string) bool { return codeShape.MatchString(s) || slices.Contains(bareCodes, s) }

func (s *scanned) add(code, say, clause string, status int) {
	if !isCode(code) || !chinese.MatchString(say) {
		return
	}
	c := s.codes[code]
	if c == nil {
		c = &codeEntry{Code: code}
		s.codes[code] = c
	}
	say = verb.ReplaceAllString(say, "…")
	if !slices.Contains(c.Says, say) {
		c.Says = append(c.Says, say)
	}
	if clause != "" && !slices.Contains(c.Clauses, clause) {
		c.Clauses = append(c.Clauses, clause)
	}
	if status != 0 {
		c.Status = status
	}
}

// text is a string expression's value: a literal, a sum of literals (what is no literal is left
// out), a constant.
func (s *scanned) text(dir string, e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		a, b := s.text(dir, e.X), s.text(dir, e.Y)
		if a == "" && b == "" {
			return ""
		}
		if a == "" {
			a = "…"
		}
		if b == "" {
			b = "…"
		}
		return a + b
	case *ast.Ident:
		if text := s.consts[dir+"."+e.Name]; text != "" {
			return text
		}
		return s.locals[e.Name]
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok {
			return s.consts[x.Name+"."+e.Sel.Name]
		}
	case *ast.CallExpr: // string(code), fmt.Sprintf("…", …)
		if len(e.Args) > 0 {
			return s.text(dir, e.Args[0])
		}
	}
	text, _ := literal(e)
	return text
}

func literal(e ast.Expr) (string, bool) {
	b, ok := e.(*ast.BasicLit)
	if !ok || b.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(b.Value)
	return text, err == nil
}

// clause is the id in plan.C("…").
func (s *scanned) clause(e ast.Expr) string {
	c, ok := e.(*ast.CallExpr)
	if !ok || len(c.Args) != 1 {
		return ""
	}
	if f, ok := c.Fun.(*ast.SelectorExpr); !ok || f.Sel.Name != "C" {
		return ""
	}
	id, _ := literal(c.Args[0])
	return id
}
