package store

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Time is an instant as the records keep it: whole milliseconds since 1970 UTC in a BIGINT
// column on both engines, RFC 3339 with +08:00 on the wire. The zero Time is stored as NULL.
type Time struct{ time.Time }

var shanghai = time.FixedZone("CST", 8*3600)

// At truncates t to the millisecond, the precision of every record.
func At(t time.Time) Time {
	if t.IsZero() {
		return Time{}
	}
	return Time{time.UnixMilli(t.UnixMilli()).In(shanghai)}
}

// Value implements driver.Valuer.
func (t Time) Value() (driver.Value, error) {
	if t.IsZero() {
		return nil, nil
	}
	return t.UnixMilli(), nil
}

// Scan implements sql.Scanner.
func (t *Time) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t = Time{}
	case int64:
		*t = Time{time.UnixMilli(v).In(shanghai)}
	default:
		return fmt.Errorf("scan %T into store.Time", src)
	}
	return nil
}

// MarshalJSON writes RFC 3339 with millisecond precision in Asia/Shanghai, or null.
func (t Time) MarshalJSON() ([]byte, error) { return t.AppendJSON(nil), nil }

// AppendJSON writes what MarshalJSON returns.
func (t Time) AppendJSON(b []byte) []byte {
	if t.IsZero() {
		return append(b, "null"...)
	}
	return append(t.In(shanghai).AppendFormat(append(b, '"'), "2006-01-02T15:04:05.000-07:00"), '"')
}

// UnmarshalJSON reads RFC 3339 or null.
func (t *Time) UnmarshalJSON(b []byte) error {
	if string(b) == "null" || string(b) == `""` {
		*t = Time{}
		return nil
	}
	p, err := time.Parse(`"`+time.RFC3339Nano+`"`, string(b))
	if err != nil {
		return err
	}
	*t = At(p)
	return nil
}
