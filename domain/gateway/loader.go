package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"
)

// Decoder reads the rows of an artefact in order and hands each to row, which
// keeps nothing of the map. A value is nil, string, bool, int64, json.Number,
// or, for a date, time.Time in UTC. Decoders of columnar formats live with the
// engine that reads them.
type Decoder func(artefact []byte, row func(map[string]any) error) error

// maxRows bounds one table: row numbers are 32 bits.
const maxRows = math.MaxUint32 - 1

// JSONLines decodes one JSON object per line.
func JSONLines(artefact []byte, row func(map[string]any) error) error {
	dec := json.NewDecoder(bytes.NewReader(artefact))
	dec.UseNumber()
	for {
		var m map[string]any
		err := dec.Decode(&m)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			// The decoder's own words may quote the data.
			return errors.New("not a JSON object")
		}
		if err := row(m); err != nil {
			return err
		}
	}
}

// cell checks one value against its column and returns it both for comparison
// and as the release writes it. Errors name the column, never the value.
func cell(c Column, raw any) (v Value, text string, err error) {
	bad := fmt.Errorf("column %q does not hold a %s", c.Name, c.Type)
	switch x := raw.(type) {
	case nil:
		if !c.Nullable {
			return Value{}, "", fmt.Errorf("column %q is empty", c.Name)
		}
		return Value{}, "", nil
	case string:
		if c.Type == Integer || c.Type == Boolean {
			return Value{}, "", bad
		}
		text = x
	case bool:
		if c.Type != Boolean {
			return Value{}, "", bad
		}
		text = strconv.FormatBool(x)
	case int64:
		if c.Type != Integer && c.Type != Decimal {
			return Value{}, "", bad
		}
		text = strconv.FormatInt(x, 10)
	case json.Number:
		if c.Type != Integer && c.Type != Decimal {
			return Value{}, "", bad
		}
		text = x.String()
	case time.Time:
		if c.Type != Date {
			return Value{}, "", bad
		}
		text = x.Format(time.DateOnly)
	default:
		return Value{}, "", bad
	}
	v, reason := parseValue(c.Type, text)
	if reason != "" {
		return Value{}, "", bad
	}
	if c.Type != Decimal { // "1.50" says how exact it is
		text = v.text
	}
	return v, text, nil
}

// appendFragment writes "name":value; a value without a kind is null.
func appendFragment(dst []byte, c Column, v Value, text string) []byte {
	dst = append(dst, '"')
	dst = append(dst, c.Name...)
	dst = append(dst, '"', ':')
	switch {
	case v.kind == "":
		return append(dst, "null"...)
	case c.Type == Integer || c.Type == Boolean:
		return append(dst, text...)
	}
	return appendJSONString(dst, text)
}

// appendJSONString quotes text without escaping what JSON need not escape.
func appendJSONString(dst []byte, text string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(text); err != nil { // a string always encodes
		return append(dst, `""`...)
	}
	return append(dst, bytes.TrimRight(b.Bytes(), "\n")...)
}
