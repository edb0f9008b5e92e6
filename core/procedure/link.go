package procedure

import "encoding/json"

// Link is a value of a section that leads to another page of the platform. Programs get its
// text; a face that knows the page named by To draws a link. To is "register/ID/KEY" for a record,
// "verify/NUMBER" for a proof, or "app/PATH" for a page behind the sign-in.
type Link struct{ Text, To string }

// MarshalJSON implements json.Marshaler: the text alone.
func (l Link) MarshalJSON() ([]byte, error) { return json.Marshal(l.Text) }

// String implements fmt.Stringer.
func (l Link) String() string { return l.Text }
