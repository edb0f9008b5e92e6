package api

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pado/core/store"
)

// TestAListWritesItselfAsReflectionWould: every field, filled and empty, comes back from the page's own
// writing as it went in, and under the names its type declares.
func TestAListWritesItselfAsReflectionWould(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := CaseList{Items: rapid.SliceOfN(rapid.Make[RowWire](), 1, 3).Draw(t, "rows"), Next: rapid.String().Draw(t, "next")}
		for i := range list.Items { // instants of the records, not any
			list.Items[i].Since, list.Items[i].Updated = instant(t), instant(t)
			if d := list.Items[i].Due; d != nil && d.At != nil {
				*d.At = instant(t)
			}
		}
		var own, reflected any
		var b bytes.Buffer
		if err := jsonFormat.Marshal(&b, list); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b.Bytes(), &own); err != nil {
			t.Fatalf("%v in %s", err, b.Bytes())
		}
		plain, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(plain, &reflected); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(own, reflected) {
			t.Fatalf("own\n%s\nreflected\n%s", b.Bytes(), plain)
		}
	})
}

func instant(t *rapid.T) store.Time {
	return store.At(time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "at")))
}
