package read

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
)

// FlawKeys marks a JSON record with keys that are no columns, FlawJSON a line
// that is no JSON object.
const (
	FlawKeys Flaw = "keys"
	FlawJSON Flaw = "json"
)

// jsonAhead is how many records are looked at to learn the columns.
const jsonAhead = 2000

// JSONL reads one JSON object per line, in UTF-8. Its first row is the header,
// with number 0: the columns given, or the keys of the first records in the
// order in which they occur. Numbers stand as they were written, true and false
// as such, null as nothing, lists and objects as JSON.
type JSONL struct {
	lines   *CSV // one field per line: its limits and its encoding marks
	columns []string
	index   map[string]int
	ignore  bool
	ahead   []jsonRecord
	started bool
	cells   []string
	missing []string
}

type jsonRecord struct {
	n    int64
	line []byte
	flaw Flaw
}

// NewJSONL begins to read. columns may be nil; ignore lets keys beyond them
// pass; values equal to one of missing are emptied.
func NewJSONL(r io.ReadCloser, columns []string, ignore bool, missing []string) (*JSONL, error) {
	c, err := NewCSV(r, Dialect{Encoding: UTF8, Delimiter: "\t", MaxRow: 4 << 20})
	if err != nil {
		return nil, err
	}
	c.class['\t'] = plain // no byte of a line splits it
	j := &JSONL{lines: c, columns: columns, ignore: ignore, missing: missing, index: map[string]int{}}
	if columns == nil {
		if err := j.learn(); err != nil {
			return nil, err
		}
	}
	for i, n := range j.columns {
		j.index[n] = i
	}
	return j, nil
}

func (j *JSONL) learn() error {
	for len(j.ahead) < jsonAhead {
		rec, err := j.record()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		j.ahead = append(j.ahead, rec)
		keys, _, ok := object(rec.line)
		if rec.flaw != FlawNone || !ok {
			continue
		}
		for _, k := range keys {
			if !slices.Contains(j.columns, k) && len(j.columns) < 4096 {
				j.columns = append(j.columns, k)
			}
		}
	}
	if len(j.columns) == 0 {
		return ErrFormat
	}
	return nil
}

func (j *JSONL) record() (jsonRecord, error) {
	var r Row
	for {
		if err := j.lines.Next(&r); err != nil {
			return jsonRecord{}, err
		}
		if len(bytes.TrimSpace(r.Line)) > 0 {
			return jsonRecord{r.N, bytes.Clone(r.Line), r.Flaw}, nil
		}
	}
}

// Next implements Rows.
func (j *JSONL) Next(r *Row) error {
	if !j.started {
		j.started = true
		r.SetCells(0, j.columns)
		return nil
	}
	var rec jsonRecord
	if len(j.ahead) > 0 {
		rec, j.ahead = j.ahead[0], j.ahead[1:]
	} else {
		var err error
		if rec, err = j.record(); err != nil {
			return err
		}
	}
	j.cells = append(j.cells[:0], make([]string, len(j.columns))...)
	flaw := rec.flaw
	if flaw == FlawNone {
		keys, values, ok := object(rec.line)
		if !ok {
			flaw = FlawJSON
		}
		for i, k := range keys {
			at, known := j.index[k]
			switch {
			case known && slices.Contains(j.missing, values[i]):
			case known:
				j.cells[at] = values[i]
			case !j.ignore:
				flaw = FlawKeys
			}
		}
	}
	r.N = rec.n
	if flaw != FlawNone {
		r.setCells([]string{strings.ToValidUTF8(string(rec.line), "\ufffd")})
		r.Flaw, r.Filled = flaw, 1
		return nil
	}
	r.SetCells(rec.n, j.cells)
	return nil
}

// Close implements Rows.
func (j *JSONL) Close() error { return j.lines.Close() }

// object takes a line apart. A key that occurs twice makes it no object: which
// of the two is meant is not for us to say.
func object(line []byte) (keys, values []string, ok bool) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, nil, false
	}
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return nil, nil, false
		}
		key, _ := k.(string)
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil || slices.Contains(keys, key) {
			return nil, nil, false
		}
		v, good := scalar(raw)
		if !good {
			return nil, nil, false
		}
		keys, values = append(keys, key), append(values, v)
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, false
	}
	_, err := d.Token()
	return keys, values, errors.Is(err, io.EOF)
}

func scalar(raw json.RawMessage) (string, bool) {
	switch raw[0] {
	case 'n':
		return "", true
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err == nil
	case '{', '[':
		var b bytes.Buffer
		err := json.Compact(&b, raw)
		return b.String(), err == nil
	}
	return string(raw), true
}
