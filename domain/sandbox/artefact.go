package sandbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"pado/core/audit"
	"pado/core/store"
)

// Artefacts keeps released bytes by digest: lower-case hexadecimal SHA-256 of the bytes. Get returns
// store.ErrNotFound when they are not there. Put of the same digest changes nothing.
type Artefacts interface {
	Put(digest string, b []byte) error
	Get(digest string) ([]byte, error)
}

// Folder is Artefacts in a folder, two levels deep, readable by its owner only.
type Folder string

// ArtefactPath is the path of an artefact relative to the store.
func ArtefactPath(digest string) string { return digest[:2] + "/" + digest + ".jsonl" }

func (f Folder) path(digest string) (string, error) {
	if len(digest) != 64 || strings.Trim(digest, "0123456789abcdef") != "" {
		return "", store.ErrNotFound
	}
	return filepath.Join(string(f), filepath.FromSlash(ArtefactPath(digest))), nil
}

// Put writes to a temporary name and renames; a crash leaves no part of an artefact under its name.
func (f Folder) Put(digest string, b []byte) error {
	path, err := f.path(digest)
	if err != nil {
		return err
	}
	if ArtefactDigest(b) != digest {
		return errors.New("the bytes are not those of the digest")
	}
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the folder of artefacts: %w", err)
	}
	t, err := os.CreateTemp(filepath.Dir(path), ".put-")
	if err != nil {
		return fmt.Errorf("write an artefact: %w", err)
	}
	defer os.Remove(t.Name())
	_, err = t.Write(b)
	if err = errors.Join(err, t.Sync(), t.Close()); err != nil {
		return fmt.Errorf("write an artefact: %w", err)
	}
	return os.Rename(t.Name(), path)
}

// Get reads an artefact and checks its digest.
func (f Folder) Get(digest string) ([]byte, error) {
	path, err := f.path(digest)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, store.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read an artefact: %w", err)
	}
	if ArtefactDigest(b) != digest {
		return nil, errors.New("an artefact is not the one of its digest")
	}
	return b, nil
}

// ArtefactDigest names released bytes.
func ArtefactDigest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// ArtefactColumn describes a column of released bytes. Types are those of the gateway: string,
// integer, decimal (as text, so that no program rounds it), date, boolean.
type ArtefactColumn struct {
	Name     string `json:"name"`
	Title    string `json:"title"`
	Type     string `json:"type"`
	Nullable bool   `json:"nullable"`
	From     string `json:"from"` // key, figure, derived, public, interval
}

var columnName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// Encode turns a stored answer into the bytes that may be released: one JSON object per row, the
// columns described beside it. A figure with a stated interval is followed by a column with the
// half width of its 95 % interval, so that whoever uses the figure sees how precise it is. The
// same answer gives the same bytes.
func Encode(st Stored) ([]byte, []ArtefactColumn, error) {
	type place struct {
		at   int
		half bool
	}
	var cols []ArtefactColumn
	var places []place
	taken := map[string]bool{}
	name := func(want string, i int) string {
		want = strings.ToLower(want)
		if !columnName.MatchString(want) {
			want = fmt.Sprintf("c%d", i+1)
		}
		for taken[want] {
			want += "_"
		}
		taken[want] = true
		return want
	}
	for i, c := range st.Columns {
		cols = append(cols, ArtefactColumn{Name: name(c.Name, i), Title: c.Name, Type: releasedType(c.Type), From: c.From})
		places = append(places, place{i, false})
		half := false
		for r := range st.Rows {
			half = half || r < len(st.HalfWidths) && i < len(st.HalfWidths[r]) && st.HalfWidths[r][i] != nil
		}
		if half {
			base := cols[len(cols)-1].Name
			if len(base) > 30 {
				base = fmt.Sprintf("c%d", i+1)
			}
			cols = append(cols, ArtefactColumn{Name: name(base+"_halfwidth", i), Title: c.Name + "的95%区间半宽", Type: "decimal", From: "interval"})
			places = append(places, place{i, true})
		}
	}
	var b bytes.Buffer
	for r, row := range st.Rows {
		b.WriteByte('{')
		for k, p := range places {
			if k > 0 {
				b.WriteByte(',')
			}
			var v any
			if p.half {
				if h := st.HalfWidths[r][p.at]; h != nil {
					v = *h
				}
			} else if p.at < len(row) {
				v = row[p.at]
			}
			text, err := released(cols[k].Type, v)
			if err != nil {
				return nil, nil, fmt.Errorf("row %d, column %s: %w", r+1, cols[k].Name, err)
			}
			if text == "null" {
				cols[k].Nullable = true
			}
			fmt.Fprintf(&b, "%q:%s", cols[k].Name, text)
		}
		b.WriteString("}\n")
	}
	return b.Bytes(), cols, nil
}

func releasedType(t string) string {
	switch t {
	case "int":
		return "integer"
	case "number":
		return "decimal"
	case "date":
		return "date"
	case "bool":
		return "boolean"
	}
	return "string"
}

// released writes one value as its type says. A figure of type int that was noised may carry no
// fraction; a decimal is written without an exponent, as text.
func released(typ string, v any) (string, error) {
	switch x := v.(type) {
	case nil:
		return "null", nil
	case bool:
		return strconv.FormatBool(x), nil
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return "null", nil
		}
		text := strconv.FormatFloat(x, 'f', -1, 64)
		if typ == "integer" {
			return strconv.FormatFloat(math.Round(x), 'f', 0, 64), nil
		}
		return strconv.Quote(text), nil
	case json.Number:
		if typ == "integer" {
			return x.String(), nil
		}
		return strconv.Quote(x.String()), nil
	case int64:
		if typ == "integer" {
			return strconv.FormatInt(x, 10), nil
		}
		return strconv.Quote(strconv.FormatInt(x, 10)), nil
	case string:
		b := &bytes.Buffer{}
		enc := json.NewEncoder(b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(x); err != nil {
			return "", err
		}
		return strings.TrimRight(b.String(), "\n"), nil
	}
	return "", fmt.Errorf("a %T cannot be released", v)
}

// Released is an artefact that passed the output review, as one organisation may use it.
type Released struct {
	Digest, Project, Question, Org, Title, Columns, Path, DocNo, State, CaseNo string
	RowCount                                                                   int
	Bytes                                                                      int64
	Released                                                                   store.Time
}

const releasedColumns = `digest, project, question, org, title, columns, path, doc_no, state, case_no, row_count, bytes, released`

// ReadColumns decodes the description of the columns.
func (a Released) ReadColumns() (out []ArtefactColumn, err error) {
	return out, json.Unmarshal([]byte(a.Columns), &out)
}

const releasedTo = `SELECT o.digest, o.project, o.question, o.org, o.title, a.columns, a.path, o.doc_no, a.state, o.case_no, a.row_count, a.bytes, o.released
	FROM output_release o JOIN release_artefact a ON a.digest = o.digest WHERE `

// ReleasedTo reads what was released to an organisation under a digest; store.ErrNotFound when
// nothing was, although the same bytes may have been released to another.
func ReleasedTo(r *store.ReadTx, digest, org string) (a Released, err error) {
	return a, r.Get(&a, releasedTo+`o.digest = $1 AND o.org = $2`, digest, org)
}

// ReleasedBy reads what a case of the output review released.
func ReleasedBy(r *store.ReadTx, caseNo string) (a Released, err error) {
	return a, r.Get(&a, releasedTo+`o.case_no = $1`, caseNo)
}

// Question reads a question with its stored answer.
type Question struct {
	ID, Project, Org, Person, PersonName, SQLText, State, Code, Message, Answer, AnswerDigest, Digest string
	N                                                                                                 int
	At                                                                                                store.Time
	Rho, Delta                                                                                        int64
}

const questionColumns = `id, project, org, person, person_name, sql_text, state, code, message, answer, answer_digest, digest, n, at, rho, delta`

// QuestionByID reads a question; store.ErrNotFound when there is none.
func QuestionByID(r *store.ReadTx, id string) (q Question, err error) {
	return q, r.Get(&q, `SELECT `+questionColumns+` FROM question WHERE id = $1`, id)
}

// ReadAnswer decodes the stored answer.
func (q Question) ReadAnswer() (st Stored, err error) {
	if q.Answer == "" {
		return st, store.ErrNotFound
	}
	if err = json.Unmarshal([]byte(q.Answer), &st); err != nil {
		return st, fmt.Errorf("read the answer of %s: %w", q.ID, err)
	}
	return st, nil
}

// Release enters the artefact of a question's answer (clause 6.3.3). want is the digest the reviewers
// decided on: anything else is refused with store.ErrConflict. The bytes reach the store of
// artefacts when they are first asked for; they can always be made again from the answer.
func Release(w *store.Tx, q Question, want, title, docNo, caseNo, by string) (Released, error) {
	st, err := q.ReadAnswer()
	if err != nil {
		return Released{}, err
	}
	b, cols, err := Encode(st)
	if err != nil {
		return Released{}, err
	}
	if ArtefactDigest(b) != want {
		return Released{}, fmt.Errorf("release %s: %w", caseNo, store.ErrConflict)
	}
	desc, err := json.Marshal(cols)
	if err != nil {
		return Released{}, err
	}
	a := Released{Digest: want, Project: q.Project, Question: q.ID, Org: q.Org, Title: title, Columns: string(desc), Path: ArtefactPath(want), DocNo: docNo,
		State: "released", CaseNo: caseNo, RowCount: len(st.Rows), Bytes: int64(len(b)), Released: store.At(w.Now())}
	if _, err := w.Exec(`INSERT INTO release_artefact (`+releasedColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13) ON CONFLICT (digest) DO NOTHING`, a.Digest, a.Project, a.Question,
		a.Org, a.Title, a.Columns, a.Path, a.DocNo, a.State, a.CaseNo, a.RowCount, a.Bytes, a.Released); err != nil {
		return a, err
	}
	if err := w.Lock("release_artefact", "digest", want); err != nil {
		return a, err
	}
	revoked, err := w.Exists(`SELECT 1 FROM release_artefact WHERE digest = $1 AND state = 'revoked'`, want)
	if err != nil || revoked {
		return a, errors.Join(err, store.ErrConflict)
	}
	if _, err := w.Exec(`INSERT INTO output_release (case_no, digest, project, question, org, title, doc_no, released) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)`,
		a.CaseNo, a.Digest, a.Project, a.Question, a.Org, a.Title, a.DocNo, a.Released); err != nil {
		return a, err
	}
	w.Record(audit.Entry{Type: "output.decided", Actor: by, Org: q.Org, Object: a.Digest, Action: "release", To: "released", Clause: "6.3.3",
		Detail: map[string]string{"case": caseNo, "question": q.ID, "answer": q.AnswerDigest, "bytes": num(a.Bytes)}})
	return a, nil
}

// Load is Artefact for readers without a context, such as the gateway's shelf.
func (s *Service) Load(digest string) ([]byte, error) {
	return s.Artefact(context.Background(), digest)
}

// Materialise puts released artefacts that are not in the store of artefacts there; it returns how
// many it wrote. A background loop may call it; whoever asks for one by Artefact needs no loop.
func (s *Service) Materialise(ctx context.Context) (int, error) {
	var all []string
	err := s.o.DB.View(ctx, func(r *store.ReadTx) error {
		return r.Select(&all, `SELECT digest FROM release_artefact WHERE state = 'released' ORDER BY released DESC LIMIT 1000`)
	})
	n := 0
	for _, digest := range all {
		if _, err := s.o.Artefacts.Get(digest); !errors.Is(err, store.ErrNotFound) {
			continue
		}
		if _, err := s.Artefact(ctx, digest); err != nil {
			return n, err
		}
		n++
	}
	return n, err
}

// Artefact returns released bytes; it puts them into the store of artefacts if they are not there
// yet. A revoked or unknown digest is store.ErrNotFound.
func (s *Service) Artefact(ctx context.Context, digest string) ([]byte, error) {
	var q Question
	err := s.o.DB.View(ctx, func(r *store.ReadTx) error {
		var question string
		if err := r.Get(&question, `SELECT question FROM release_artefact WHERE digest = $1 AND state = 'released'`, digest); err != nil {
			return err
		}
		var err error
		q, err = QuestionByID(r, question)
		return err
	})
	if err != nil {
		return nil, err
	}
	b, err := s.o.Artefacts.Get(digest)
	if !errors.Is(err, store.ErrNotFound) {
		return b, err
	}
	st, err := q.ReadAnswer()
	if err != nil {
		return nil, err
	}
	if b, _, err = Encode(st); err != nil {
		return nil, err
	}
	if err := s.o.Artefacts.Put(digest, b); err != nil {
		return nil, err
	}
	return b, nil
}
