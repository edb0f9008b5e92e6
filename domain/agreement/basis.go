package agreement

import (
	"encoding/json"
	"fmt"
	"strings"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/store"
)

// Mandate is the government's authorisation of the data authority (clause 5.0).
type Mandate struct {
	ID, Division                string
	GovernmentOrg, AuthorityOrg string
	DocNo, Title, Scope, Mode   string
	Issued, ValidFrom, ValidTo  calendar.Date // ValidTo zero = until revoked
	Evidence, Digest, State     string
	Backfill                    bool
	CaseNo                      string
	Created                     store.Time
}

const mandateColumns = `id, division, government_org, authority_org, doc_no, title, scope, mode, issued, valid_from, valid_to,
	evidence, digest, state, backfill, case_no, created`

// Status is what the mandate is on a day.
func (m Mandate) Status(on calendar.Date) Status {
	return basisStatus(m.State, m.ValidFrom, m.ValidTo, on)
}

// Scheme is an adopted implementation scheme (实施方案, clause 6.1.1) in one version.
type Scheme struct {
	ID, Division                string
	Version                     int
	Title, Mandate              string
	AuthorityOrg, GovernmentOrg string
	Mode                        string
	TermYears                   int
	Chapters, Opinions          string // JSON: text by chapter key; the table of opinions
	Digest                      string
	DocNo, MinutesNo            string
	Decided                     calendar.Date
	Collective                  bool // handled as 三重一大
	Evidence                    string
	ValidFrom, ValidTo          calendar.Date
	State                       string
	Backfill                    bool
	CaseNo                      string
	Created                     store.Time
}

const schemeColumns = `id, division, version, title, mandate, authority_org, government_org, mode, term_years, chapters, opinions, digest,
	doc_no, minutes_no, decided, collective, evidence, valid_from, valid_to, state, backfill, case_no, created`

// Status is what the scheme is on a day.
func (s Scheme) Status(on calendar.Date) Status {
	return basisStatus(s.State, s.ValidFrom, s.ValidTo, on)
}

func basisStatus(state string, from, to, on calendar.Date) Status {
	switch {
	case state == "revoked":
		return Revoked
	case state == "superseded":
		return Superseded
	case on.Before(from):
		return Pending
	case !to.IsZero() && on.After(to):
		return Lapsed
	}
	return InForce
}

// MandateOn finds the mandate of a division in force on a day; store.ErrNotFound when there is
// none. A mandate that was superseded later still answers for the days before that.
func MandateOn(r *store.ReadTx, division string, on calendar.Date) (Mandate, error) {
	var m Mandate
	return m, r.Get(&m, `SELECT `+mandateColumns+` FROM mandate WHERE division = $1 AND valid_from <= $2 AND (valid_to IS NULL OR valid_to >= $2)
		AND state <> 'revoked' ORDER BY valid_from DESC, created DESC LIMIT 1`, division, on.String())
}

// SchemeOn finds the scheme of a division in force on a day, like MandateOn.
func SchemeOn(r *store.ReadTx, division string, on calendar.Date) (Scheme, error) {
	var s Scheme
	return s, r.Get(&s, `SELECT `+schemeColumns+` FROM scheme WHERE division = $1 AND valid_from <= $2 AND valid_to >= $2
		AND state <> 'revoked' ORDER BY version DESC LIMIT 1`, division, on.String())
}

// MandateByID and SchemeByID read one; store.ErrNotFound when there is none.
func MandateByID(r *store.ReadTx, id string) (Mandate, error) {
	var m Mandate
	return m, r.Get(&m, `SELECT `+mandateColumns+` FROM mandate WHERE id = $1`, id)
}

// SchemeByID reads a scheme; see MandateByID.
func SchemeByID(r *store.ReadTx, id string) (Scheme, error) {
	var s Scheme
	return s, r.Get(&s, `SELECT `+schemeColumns+` FROM scheme WHERE id = $1`, id)
}

// Issue records a mandate that the government has passed (clause 5.0) and supersedes the one in
// force, whose last day becomes the day before. It fills ID, Digest, State and Created.
// store.ErrConflict: another was issued at the same moment. Crash state: all or nothing.
func Issue(w *store.Tx, m Mandate, by string) (Mandate, error) {
	n, err := w.Next("mandate")
	if err != nil {
		return m, err
	}
	m.ID, m.State, m.Created = fmt.Sprintf("md-%05d", n), "in_force", store.At(w.Now())
	if m.Digest, err = digestOf(map[string]string{"doc_no": m.DocNo, "title": m.Title, "scope": m.Scope, "mode": m.Mode,
		"issued": m.Issued.String(), "from": m.ValidFrom.String(), "to": m.ValidTo.String(), "evidence": m.Evidence}); err != nil {
		return m, err
	}
	if m.State, m.ValidTo, err = supersede(w, "mandate", m.Division, m.ValidFrom, m.ValidTo); err != nil {
		return m, err
	}
	if _, err := w.Exec(`INSERT INTO mandate (`+mandateColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)`,
		m.ID, m.Division, m.GovernmentOrg, m.AuthorityOrg, m.DocNo, m.Title, m.Scope, m.Mode, m.Issued, m.ValidFrom, m.ValidTo,
		m.Evidence, m.Digest, m.State, m.Backfill, m.CaseNo, m.Created); err != nil {
		return m, err
	}
	w.Record(audit.Entry{Type: "agreement.mandate", Actor: by, Org: m.GovernmentOrg, Object: m.ID, Action: "issue", To: m.State, Clause: "5.0",
		Result: audit.Done, Detail: map[string]string{"case": m.CaseNo, "digest": m.Digest, "backfill": fmt.Sprint(m.Backfill)}})
	return m, nil
}

// Adopt records a scheme that the government has passed (clause 6.1.1), as the division's next
// version, and supersedes the one in force. validYears is the parameter scheme.valid_years; the
// last day follows from ValidFrom. It fills ID, Version, Digest, ValidTo, State and Created.
func Adopt(w *store.Tx, s Scheme, chapters map[string]string, validYears int, by string) (Scheme, error) {
	n, err := w.Next("scheme")
	if err != nil {
		return s, err
	}
	version, err := w.Next("scheme/" + s.Division)
	if err != nil {
		return s, err
	}
	s.ID, s.Version, s.State, s.Created = fmt.Sprintf("sc-%05d", n), int(version), "in_force", store.At(w.Now())
	s.ValidTo = calendar.Term(s.ValidFrom, validYears)
	text, err := json.Marshal(chapters)
	if err != nil {
		return s, err
	}
	s.Chapters = string(text)
	if s.Digest, err = SchemeDigest(s.Title, s.Mode, s.TermYears, chapters); err != nil {
		return s, err
	}
	if s.State, s.ValidTo, err = supersede(w, "scheme", s.Division, s.ValidFrom, s.ValidTo); err != nil {
		return s, err
	}
	if _, err := w.Exec(`INSERT INTO scheme (`+schemeColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23)`,
		s.ID, s.Division, s.Version, s.Title, s.Mandate, s.AuthorityOrg, s.GovernmentOrg, s.Mode, s.TermYears, s.Chapters, s.Opinions, s.Digest,
		s.DocNo, s.MinutesNo, s.Decided, s.Collective, s.Evidence, s.ValidFrom, s.ValidTo, s.State, s.Backfill, s.CaseNo, s.Created); err != nil {
		return s, err
	}
	w.Record(audit.Entry{Type: "agreement.scheme", Actor: by, Org: s.GovernmentOrg, Object: s.ID, Version: version, Action: "adopt", To: s.State, Clause: "6.1.1",
		Result: audit.Done, Detail: map[string]string{"case": s.CaseNo, "digest": s.Digest, "until": s.ValidTo.String(), "backfill": fmt.Sprint(s.Backfill)}})
	return s, nil
}

// SchemeDigest names the text of a scheme: title, mode, term and chapters.
func SchemeDigest(title, mode string, years int, chapters map[string]string) (string, error) {
	parts := map[string]string{"title": title, "mode": mode, "term_years": fmt.Sprint(years)}
	for _, c := range Chapters {
		parts["chapter."+c.Key] = chapters[c.Key]
	}
	return digestOf(parts)
}

// supersede makes room in a division for what is valid from a day on. What is in force ends the
// day before. Where a later one is in force already (an older decision is entered afterwards),
// the new one is superseded at once and ends the day before the later one. It returns the state
// and the last day of the new one.
func supersede(w *store.Tx, table, division string, from, to calendar.Date) (string, calendar.Date, error) {
	var cur struct{ ValidFrom, ValidTo calendar.Date }
	err := w.Get(&cur, `SELECT valid_from, valid_to FROM `+table+` WHERE division = $1 AND state = 'in_force'`, division)
	if missing(err) {
		return "in_force", to, nil
	}
	if err != nil {
		return "", to, err
	}
	if cur.ValidFrom.After(from) {
		if before := cur.ValidFrom.AddDays(-1); to.IsZero() || to.After(before) {
			to = before
		}
		return "superseded", to, nil
	}
	// Two that begin on the same day keep their dates; the one entered later answers.
	last := from.AddDays(-1)
	if !last.Before(cur.ValidFrom) && (cur.ValidTo.IsZero() || cur.ValidTo.After(last)) {
		cur.ValidTo = last
	}
	return "in_force", to, w.ExecOne(`UPDATE `+table+` SET state = 'superseded', valid_to = $1 WHERE division = $2 AND state = 'in_force'`, cur.ValidTo, division)
}

// Revoke withdraws a mandate or scheme that is in force; running agreements continue.
func Revoke(w *store.Tx, table, id, by, caseNo string) error {
	if table != "mandate" && table != "scheme" {
		return fmt.Errorf("revoke: no such basis %q", table)
	}
	if err := w.ExecOne(`UPDATE `+table+` SET state = 'revoked' WHERE id = $1 AND state = 'in_force'`, id); err != nil {
		return err
	}
	w.Record(audit.Entry{Type: "agreement." + table, Actor: by, Object: id, Action: "revoke", From: "in_force", To: "revoked", Clause: "5.0",
		Result: audit.Done, Detail: map[string]string{"case": caseNo}})
	return nil
}

func prefixed(alias, columns string) string {
	list := strings.Split(columns, ",")
	for i, c := range list {
		list[i] = alias + strings.TrimSpace(c)
	}
	return strings.Join(list, ", ")
}
