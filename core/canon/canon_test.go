package canon

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"
)

// TestRFC8785Facts holds the encoding against what the RFC itself prints: the order of keys (§3.2.3) and the escapes
// and literals (§3.2.2), numbers apart, which this form has none of.
func TestRFC8785Facts(t *testing.T) {
	for name, c := range map[string]struct {
		in   any
		want string
	}{
		"the order of keys": {
			map[string]any{
				"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
				"\U0001F600": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis",
			},
			`{"\r":"Carriage Return","1":"One","` + "\u0080" + `":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","` +
				"\U0001F600" + `":"Emoji: Grinning Face","` + "\ufb33" + `":"Hebrew Letter Dalet With Dagesh"}`,
		},
		"the escapes":  {"\u20ac$\u000f\nA'B\"\\\\\"/", `"€$\u000f\nA'B\"\\\\\"/"`},
		"the literals": {map[string]any{"literals": []any{nil, true, false}}, `{"literals":[null,true,false]}`},
	} {
		got, err := Marshal(c.in)
		if err != nil || string(got) != c.want {
			t.Errorf("%s:\n%s, %v; want\n%s", name, got, err, c.want)
		}
	}
}

func TestMarshal(t *testing.T) {
	for _, c := range []struct {
		in   any
		want string
	}{
		{nil, "null"}, {true, "true"}, {false, "false"}, {"", `""`}, {"朔州", `"朔州"`}, {[]any{}, "[]"}, {map[string]any{}, "{}"},
		{[]any(nil), "[]"}, {map[string]any(nil), "{}"},
		{"\x00\x01\x1f\x7f", `"\u0000\u0001\u001f` + "\x7f" + `"`}, {"\b\t\n\f\r", `"\b\t\n\f\r"`}, {"\v", `"\u000b"`},
		{"</script>&\u2028\u2029", "\"</script>&\u2028\u2029\""}, // nothing is escaped for the sake of a web page
		{"\ufffd\U0010ffff", "\"\ufffd\U0010ffff\""},
		{map[string]any{"b": []any{"2", map[string]any{"z": nil, "a": "9007199254740993"}}, "a": true, "": "", "aa": false}, `{"":"","a":true,"aa":false,"b":["2",{"a":"9007199254740993","z":null}]}`},
		{MustObject("n", "1", "m", nil), `{"m":null,"n":"1"}`}, {MustObject(), "{}"},
		{map[string]any{"é": "composed", "e\u0301": "not"}, "{\"e\u0301\":\"not\",\"é\":\"composed\"}"}, // never normalised
	} {
		if got, err := Marshal(c.in); err != nil || string(got) != c.want {
			t.Errorf("%#v: %s, %v; want %s", c.in, got, err, c.want)
		}
	}
}

func TestMarshalRefuses(t *testing.T) {
	deep := func(n int) any {
		var v any = "x"
		for range n {
			v = []any{v}
		}
		return v
	}
	if _, err := Marshal(deep(MaxDepth)); err != nil {
		t.Errorf("%d deep: %v", MaxDepth, err)
	}
	loop := map[string]any{}
	loop["self"] = loop
	type text string
	for name, v := range map[string]any{
		"an int": 1, "an int64": int64(1), "a uint64": uint64(1), "a float": 1.5, "a json.Number": json.Number("1"), "a zero int8": int8(0),
		"a rune": 'x', "bytes": []byte("x"), "a struct": struct{}{}, "a pointer": new(string), "strings": []string{"x"},
		"a map of strings": map[string]string{}, "a named string": text("x"), "a raw message": json.RawMessage("1"), "an error": errors.New("x"),
		"bad UTF-8": "a\xffb", "half a surrogate": "\xed\xa0\x80", "an overlong form": "\xc0\x80", "a bad key": map[string]any{"\xff": ""},
		"a number inside": map[string]any{"a": []any{map[string]any{"b": 2}}}, "a channel": make(chan int),
		"too deep": deep(MaxDepth + 1), "itself": loop,
		"an odd object": MustObject("a", "1", "b"), "a key that is none": MustObject(1, "a"), "a key twice": MustObject("a", "1", "a", "2"),
	} {
		if got, err := Marshal(v); err == nil {
			t.Errorf("%s became %s", name, got)
		} else if got != nil {
			t.Errorf("%s: bytes %q beside the error", name, got)
		}
	}
}

func TestParse(t *testing.T) {
	for _, text := range []string{"null", `"a"`, `{"a":["1",null,true,{}],"b":""}`} {
		v, err := Parse([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if again, err := Marshal(v); err != nil || string(again) != text {
			t.Errorf("%s came back as %s, %v", text, again, err)
		}
	}
	for name, text := range map[string]string{
		"nothing": "", "spacing": `{"a": "1"}`, "a newline": "null\n", "a mark of byte order": "\ufeffnull", "the order": `{"b":"1","a":"2"}`, "a key twice": `{"a":"1","a":"1"}`,
		"a number": `{"a":1}`, "a needless escape": `"\u0061"`, "upper-case hex": `"\u001F"`, "a long escape": `"\u000a"`, "an escaped slash": `"\/"`,
		"bad UTF-8": "\"\xff\"", "half a surrogate": `"\ud800"`, "two values": "null null", "a comma": "[true,]", "cut short": `{"a":"1"`, "a raw newline": "\"\n\"",
		"too deep": strings.Repeat("[", MaxDepth+2) + strings.Repeat("]", MaxDepth+2), "an abyss": strings.Repeat("[", 1<<20),
	} {
		if v, err := Parse([]byte(text)); !errors.Is(err, ErrNotCanonical) {
			t.Errorf("%s was read as %v, %v", name, v, err)
		}
	}
}

func TestDigest(t *testing.T) {
	for text, want := range map[string]string{
		"":    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"abc": "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	} {
		if got := Digest([]byte(text)); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// TestKeyOrderIsThatOfUTF16 compares with the definition: sort by the code units themselves.
func TestKeyOrderIsThatOfUTF16(t *testing.T) {
	// Characters around the places where the orders of bytes and code units part.
	runes := rapid.SampledFrom([]rune("a\u007f\u0080\ud7ff\ue000\ufb33\uffff\U00010000\U0001F600\U0010FFFF"))
	keys := rapid.SliceOfN(rapid.StringOf(runes), 0, 12)
	rapid.Check(t, func(t *rapid.T) {
		object := map[string]any{}
		for _, k := range keys.Draw(t, "keys") {
			object[k] = nil
		}
		want := slices.Collect(maps.Keys(object))
		slices.SortFunc(want, func(a, b string) int { return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b))) })
		got := slices.SortedFunc(maps.Keys(object), compareUTF16)
		if !slices.Equal(got, want) {
			t.Fatalf("sorted %q, want %q", got, want)
		}
	})
}

// values draws any value of the restricted set.
func values(depth int) *rapid.Generator[any] {
	leaf := rapid.OneOf(rapid.Just[any](nil), rapid.Map(rapid.Bool(), func(b bool) any { return b }), rapid.Map(rapid.String(), func(s string) any { return s }))
	if depth == 0 {
		return leaf
	}
	inner := values(depth - 1)
	return rapid.OneOf(leaf,
		rapid.Map(rapid.SliceOfN(inner, 0, 4), func(a []any) any { return append([]any{}, a...) }),
		rapid.Map(rapid.MapOfN(rapid.String(), inner, 0, 4), func(m map[string]any) any { return m }))
}

func TestValuesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := values(3).Draw(t, "v")
		b, err := Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse(b)
		if err != nil || !reflect.DeepEqual(back, v) {
			t.Fatalf("%s came back as %#v, %v", b, back, err)
		}
	})
}

// FuzzStable writes whatever JSON says, without numbers, in canonical form: reading that form and writing it again
// gives the same bytes, and any JSON reader gets the same value from it.
func FuzzStable(f *testing.F) {
	f.Add([]byte(`{"b":["1",null,true],"a":{"\ud83d\ude00":"x","\ufb33":"y"}}`))
	f.Add([]byte(`"\u000f\n\u0080"`))
	f.Add([]byte(`{"a":"1","a":"2"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var v any
		if json.Unmarshal(text, &v) != nil {
			return
		}
		once, err := Marshal(v)
		if err != nil {
			return
		}
		back, err := Parse(once)
		if err != nil || !reflect.DeepEqual(back, v) {
			t.Fatalf("%s came back as %#v, %v", once, back, err)
		}
		if twice, err := Marshal(back); err != nil || string(twice) != string(once) {
			t.Fatalf("%s, then %s, %v", once, twice, err)
		}
	})
}
