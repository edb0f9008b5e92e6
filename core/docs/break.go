package docs

import (
	"slices"
	"strings"
	"unicode"
)

// atom is the smallest piece of a line: one full-width character, one word of Latin letters and digits, or one space.
type atom struct {
	text    string
	width   float64 // points, tracking included
	face    face
	style   style
	word    bool // kept whole, never letter-spaced
	space   bool
	noStart bool // 避头: must not begin a line
	noEnd   bool // 避尾: must not end a line
}

// style is how text looks; the colour is dark unless said otherwise.
type style struct {
	face  face
	size  float64
	track float64 // added after each full-width character: what sets 28 of them to a line
	ink   ink
}

type ink int

const (
	black ink = iota
	red
	grey
)

const (
	closers = "、。，．·：；？！）］｝〕〉》」』】〗’”～％‰℃°′″々,.!?:;)]}%"
	openers = "（［｛〔〈《「『【〖‘“￥＄№([{$¥"
)

// fullWidth says whether r is set as a character of its own rather than as part of a word.
func fullWidth(r rune) bool {
	switch {
	case r >= 0x2E80:
		return true
	case r >= 0x2010 && r < 0x2070, r >= 0x2100:
		return true
	}
	return r == '·' || r == '×' || r == '÷' || r == '±' || r == '°'
}

// setter turns text into atoms and remembers the characters that no font has.
type setter struct {
	book    *fontBook
	missing map[rune]bool
}

// atoms cuts text; line ends in it must have been handled before.
func (s *setter) atoms(text string, st style) []atom {
	var out []atom
	runes := []rune(text)
	for i := 0; i < len(runes); {
		r := runes[i]
		n := 1
		switch {
		case unicode.IsSpace(r):
			out = append(out, s.atom(runes[i:i+1], st))
		case fullWidth(r):
			if (r == '—' || r == '…') && i+1 < len(runes) && runes[i+1] == r {
				n = 2
			}
			out = append(out, s.atom(runes[i:i+n], st))
		default:
			for i+n < len(runes) && !fullWidth(runes[i+n]) && !unicode.IsSpace(runes[i+n]) {
				n++
			}
			out = append(out, s.atom(runes[i:i+n], st))
		}
		i += n
	}
	return out
}

// atom measures one atom. A word that its face cannot show whole is set in serif, so that its letters match.
func (s *setter) atom(rs []rune, st style) atom {
	a := atom{text: string(rs), style: st, face: st.face}
	for _, r := range rs {
		f, _, ok := s.book.pick(st.face, r)
		if !ok {
			s.missing[r] = true
		}
		if f != st.face {
			a.face = serif
		}
	}
	a.width = s.measure(a.face, st.size, rs)
	first, last := rs[0], rs[len(rs)-1]
	a.space = unicode.IsSpace(first) && first != '\u3000'
	a.word = !fullWidth(first) && !a.space
	if !a.word && !a.space {
		a.width += st.track
	}
	a.noStart = strings.ContainsRune(closers, first)
	a.noEnd = strings.ContainsRune(openers, last)
	return a
}

// textLine is one set line. extra is added at each gap between atoms when the line is justified.
type textLine struct {
	atoms []atom
	width float64 // natural
	extra float64
}

// mayBreak says whether a line may end between a and b.
func mayBreak(a, b atom) bool {
	return !a.noEnd && !b.noStart && !b.space && !(a.word && b.word)
}

const (
	maxStretch = 0.35 // of the type size at each gap; a line that would need more stays ragged
	maxSqueeze = 0.05 // of the type size at each gap, to take a closing mark into the line it belongs to
	epsilon    = 0.01
)

// breakLines sets atoms into lines of the given widths, the first line's and the others'. Justified lines are filled by
// spreading the gaps; a closing mark that just does not fit is taken in by tightening the line, otherwise the character
// before it goes to the next line with it.
func (s *setter) breakLines(atoms []atom, first, rest float64, justify bool) []textLine {
	var lines []textLine
	atoms = slices.Clone(atoms)
	for len(atoms) > 0 {
		avail := rest
		if len(lines) == 0 {
			avail = first
		}
		n := s.fit(&atoms, avail)
		l := textLine{atoms: trimSpace(atoms[:n])}
		atoms = atoms[n:]
		for len(atoms) > 0 && atoms[0].space {
			atoms = atoms[1:]
		}
		for _, a := range l.atoms {
			l.width += a.width
		}
		// Space after the last character is no part of the line. A tightened one may stand out by what it was tightened,
		// a fifth of a point, less than the blank inside its own em.
		if k := len(l.atoms); k > 0 && !l.atoms[k-1].word {
			l.width -= max(l.atoms[k-1].style.track, 0)
		}
		if gaps := len(l.atoms) - 1; gaps > 0 && (justify && len(atoms) > 0 || l.width > avail+epsilon) {
			e := (avail - l.width) / float64(gaps)
			if e <= maxStretch*l.atoms[0].style.size {
				l.extra = e
			}
		}
		lines = append(lines, l)
	}
	return lines
}

// fit says how many atoms go into a line. It may cut a long word in two, in place.
func (s *setter) fit(list *[]atom, avail float64) int {
	atoms := *list
	width, n := 0.0, 0
	for ; n < len(atoms); n++ {
		a := atoms[n]
		w := width + a.width
		if !a.word && !a.space {
			w -= max(a.style.track, 0)
		}
		if w > avail+epsilon && !a.space {
			break
		}
		width += a.width
	}
	if n == len(atoms) {
		return n
	}
	if m := squeezed(atoms, n, avail, width); m > 0 {
		return m
	}
	if a := atoms[n]; a.word && (a.width > avail || a.width > 0.6*avail && len(a.text) > 20) {
		if head, rest, ok := s.splitWord(a, avail-width); ok && (n == 0 || mayBreak(atoms[n-1], head)) {
			*list = slices.Concat(atoms[:n], []atom{head, rest}, atoms[n+1:])
			return n + 1
		}
	}
	for e := n; e > 0; e-- {
		if mayBreak(atoms[e-1], atoms[e]) {
			return e
		}
	}
	// No break is allowed anywhere: a word is cut, and if there is none the rules give way.
	if n == 0 {
		if r := []rune(atoms[0].text); atoms[0].word && len(r) > 1 {
			k := min(max(int(avail/atoms[0].width*float64(len(r))), 1), len(r)-1)
			s.cutAt(list, 0, r, k)
		}
		return 1
	}
	if r := []rune(atoms[n-1].text); atoms[n-1].word && len(r) >= 2*tail {
		s.cutAt(list, n-1, r, joint(r, len(r)-tail)) // a closing mark follows, and takes the end of the word along
	}
	return n
}

// tail is how many letters of a cut word at least go to the next line.
const tail = 4

// joint moves a cut at k back to a near place where addresses and codes have a joint, such as behind a slash.
func joint(r []rune, k int) int {
	for i := k; i > max(k-16, tail); i-- {
		if strings.ContainsRune("/?&=._-:@", r[i-1]) && !strings.ContainsRune("/?&=._-:@", r[i]) {
			return i
		}
	}
	return k
}

// cutAt replaces atom i, whose text is r, by its first k characters and the rest.
func (s *setter) cutAt(list *[]atom, i int, r []rune, k int) {
	a := (*list)[i]
	*list = slices.Concat((*list)[:i], []atom{s.cut(a, r[:k]), s.cut(a, r[k:])}, (*list)[i+1:])
}

// squeezed is the length of a line that takes in the closing marks at n by tightening, or 0.
func squeezed(atoms []atom, n int, avail, width float64) int {
	m := n
	for m < len(atoms) && atoms[m].noStart && !atoms[m].word {
		width += atoms[m].width
		m++
	}
	if m == n || m < len(atoms) && !mayBreak(atoms[m-1], atoms[m]) {
		return 0
	}
	last := atoms[m-1]
	if over := width - max(last.style.track, 0) - avail; over > maxSqueeze*last.style.size*float64(m-1) {
		return 0
	}
	return m
}

// splitWord cuts a word so that its head fills the room; not for less than tail characters.
func (s *setter) splitWord(a atom, room float64) (head, rest atom, ok bool) {
	r := []rune(a.text)
	k := int(room / (a.width / float64(len(r))))
	for k >= tail && k < len(r) && s.cut(a, r[:k]).width > room+epsilon {
		k--
	}
	if k < tail || k >= len(r)-1 {
		return a, a, false
	}
	k = joint(r, k)
	return s.cut(a, r[:k]), s.cut(a, r[k:]), true
}

// cut is the part rs of word a.
func (s *setter) cut(a atom, rs []rune) atom {
	b := a
	b.text, b.width = string(rs), s.measure(a.face, a.style.size, rs)
	b.noStart, b.noEnd = false, false
	return b
}

// measure is the width of rs without tracking.
func (s *setter) measure(f face, size float64, rs []rune) float64 {
	w := 0.0
	for _, r := range rs {
		_, adv, _ := s.book.pick(f, r)
		w += adv * size
	}
	return w
}

func trimSpace(atoms []atom) []atom {
	for len(atoms) > 0 && atoms[len(atoms)-1].space {
		atoms = atoms[:len(atoms)-1]
	}
	return atoms
}
