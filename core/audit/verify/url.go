package verify

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Bounds of the URL source.
const (
	tileWidth    = 256
	tileLevels   = 8
	requestTime  = 30 * time.Second
	parallelGets = 8
	maxBundle    = tileWidth * (2 + maxLeaf)
	maxPage      = 64 << 20
)

var (
	errNotThere = errors.New("verify: the log answers that there is no such thing")
	errTooBig   = errors.New("verify: the answer is longer than it can be")
)

// URLSource reads a log over HTTP: checkpoints, entry bundles and tiles of both trees (FORMAT.md §6, §7), plain GET,
// every answer bounded in size and time. A missing bundle ends the log, so that what is withheld counts as truncated.
type URLSource struct {
	base   string
	token  string
	client *http.Client

	once  sync.Once
	err   error
	notes [2][]byte
	size  int64
	keys  map[int64]Row
}

// NewURL returns a source for the log under base, the address that ends in /log. With a token the bodies it permits
// are read too; without one only the open leaves, and the open bodies of genesis and rotations.
func NewURL(base, token string) (*URLSource, error) {
	u, err := url.Parse(strings.TrimSuffix(base, "/"))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("verify: not the address of a log")
	}
	host := u.Host
	return &URLSource{base: u.String(), token: token, client: &http.Client{
		Timeout: requestTime,
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > 3 || req.URL.Host != host {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}}, nil
}

// get fetches base+path, at most limit bytes.
func (s *URLSource) get(ctx context.Context, path string, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+path, nil)
	if err != nil {
		return nil, err
	}
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	res, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusGone:
		return nil, errNotThere
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("verify: GET %s: status %d", path, res.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, errTooBig
	}
	return data, nil
}

// open reads both checkpoints once, again if a new pair was signed in between, and the open bodies.
func (s *URLSource) open() error {
	s.once.Do(func() {
		ctx := context.Background()
		var sizes [2]int64
		for range pairAttempts {
			for i, path := range []string{"/checkpoint", "/checkpoint.sm"} {
				note, err := s.get(ctx, path, maxNote)
				if errors.Is(err, errNotThere) {
					note, err = nil, nil
				}
				if err != nil {
					s.err = err
					return
				}
				s.notes[i], sizes[i] = note, statedSize(note)
			}
			if sizes[0] == sizes[1] {
				break
			}
		}
		s.size = max(sizes[0], sizes[1])
		page, err := s.get(ctx, "/keys", maxPage)
		if errors.Is(err, errNotThere) {
			return
		}
		if err == nil {
			s.keys, err = disclosures(page)
		}
		s.err = err
	})
	return s.err
}

// Checkpoint returns the Ed25519 note.
func (s *URLSource) Checkpoint() ([]byte, error) { return s.note(0) }

// CheckpointSM returns the SM2 note.
func (s *URLSource) CheckpointSM() ([]byte, error) { return s.note(1) }

func (s *URLSource) note(i int) ([]byte, error) {
	if err := s.open(); err != nil {
		return nil, err
	}
	if s.notes[i] == nil {
		return nil, ErrNoCheckpoint
	}
	return s.notes[i], nil
}

// tileIndex writes a tile number in path elements of three digits.
func tileIndex(n int64) string {
	out := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		out = fmt.Sprintf("x%03d/%s", n%1000, out)
	}
	return out
}

// tile fetches a tile or bundle of the given width, the full one where the partial one is gone.
func (s *URLSource) tile(ctx context.Context, prefix string, n int64, width int, limit int64) ([]byte, error) {
	path := prefix + tileIndex(n)
	if width == tileWidth {
		return s.get(ctx, path, limit)
	}
	data, err := s.get(ctx, path+".p/"+strconv.Itoa(width), limit)
	if errors.Is(err, errNotThere) {
		return s.get(ctx, path, limit)
	}
	return data, err
}

// bundle is one answer of leaves, on its way.
type bundle struct {
	leaves [][]byte
	err    error
	done   chan struct{}
}

// Entries yields the leaves under the checkpoint.
func (s *URLSource) Entries(ctx context.Context, from int64) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if err := s.open(); err != nil {
			yield(Row{}, err)
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		var group sync.WaitGroup
		defer group.Wait()
		defer cancel()
		queue := make(chan *bundle, parallelGets)
		group.Go(func() {
			defer close(queue)
			for n := from / tileWidth; n*tileWidth < s.size; n++ {
				b := &bundle{done: make(chan struct{})}
				select {
				case queue <- b:
				case <-ctx.Done():
					return
				}
				group.Go(func() {
					defer close(b.done)
					b.leaves, b.err = s.bundle(ctx, n)
				})
			}
		})
		bodies := bodyReader{src: s, next: from}
		seq, skip := from, int(from%tileWidth)
		for b := range queue {
			<-b.done
			if errors.Is(b.err, errNotThere) {
				return
			}
			if b.err != nil {
				yield(Row{}, b.err)
				return
			}
			for _, leaf := range b.leaves[min(skip, len(b.leaves)):] {
				row, err := bodies.row(ctx, seq)
				row.Seq, row.Public = seq, leaf
				if !yield(row, err) || err != nil {
					return
				}
				seq++
			}
			skip = 0
			if seq%tileWidth != 0 {
				return
			}
		}
	}
}

func (s *URLSource) bundle(ctx context.Context, n int64) ([][]byte, error) {
	width := int(min(tileWidth, s.size-n*tileWidth))
	data, err := s.tile(ctx, "/tile/entries/", n, width, maxBundle)
	if err != nil {
		return nil, err
	}
	var leaves [][]byte
	for len(data) > 0 && len(leaves) < width {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, errors.New("verify: an entry bundle is cut short")
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		leaves, data = append(leaves, data[2:end:end]), data[end:]
	}
	return leaves, nil
}

// Step is the height of a tile.
func (s *URLSource) Step() int { return tileLevels }

// Nodes reads the tiles that hold the nodes, both trees.
func (s *URLSource) Nodes(ctx context.Context, level int, from int64, n int) ([]Hashes, error) {
	if err := s.open(); err != nil {
		return nil, err
	}
	have := s.size >> level
	if from >= have || n <= 0 {
		return nil, nil
	}
	n = int(min(int64(n), have-from))
	first, last := from/tileWidth, (from+int64(n)-1)/tileWidth
	type answer struct {
		data [2][]byte
		err  error
	}
	answers := make([]answer, last-first+1)
	var group sync.WaitGroup
	slots := make(chan struct{}, parallelGets)
	for i := range answers {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			at := first + int64(i)
			width := int(min(tileWidth, have-at*tileWidth))
			for t, prefix := range []string{"/tile/", "/sm3/tile/"} {
				data, err := s.tile(ctx, prefix+strconv.Itoa(level/tileLevels)+"/", at, width, tileWidth*hashSize)
				if err == nil && len(data) < width*hashSize {
					err = errNotThere
				}
				if err != nil {
					answers[i].err = err
					return
				}
				answers[i].data[t] = data[:width*hashSize]
			}
		})
	}
	group.Wait()
	var out []Hashes
	for i, a := range answers {
		if errors.Is(a.err, errNotThere) {
			break // what is not served is not there
		}
		if a.err != nil {
			return nil, a.err
		}
		for at := (first + int64(i)) * tileWidth; len(a.data[0]) > 0; at++ {
			if at >= from && at < from+int64(n) {
				out = append(out, Hashes{SHA256: a.data[0][:hashSize], SM3: a.data[1][:hashSize]})
			}
			a.data[0], a.data[1] = a.data[0][hashSize:], a.data[1][hashSize:]
		}
	}
	return out, nil
}

// bodyReader joins the bodies a reader may see to the leaves, page by page.
type bodyReader struct {
	src  *URLSource
	page map[int64]Row
	next int64 // first leaf no page was asked for
	end  bool
}

func (b *bodyReader) row(ctx context.Context, seq int64) (Row, error) {
	if b.src.token == "" {
		return b.src.keys[seq], nil
	}
	for seq >= b.next && !b.end {
		data, err := b.src.get(ctx, "/bodies?from="+strconv.FormatInt(b.next, 10), maxPage)
		if err != nil {
			return Row{}, err
		}
		if b.page, err = disclosures(data); err != nil {
			return Row{}, err
		}
		b.end = len(b.page) == 0
		for n := range b.page {
			if n < b.next {
				return Row{}, errors.New("verify: a page of bodies goes backwards")
			}
		}
		for n := range b.page {
			b.next = max(b.next, n+1)
		}
	}
	if row, ok := b.page[seq]; ok {
		return row, nil
	}
	return b.src.keys[seq], nil
}

// disclosures reads lines {"body":…,"opening":…,"seq":…}.
func disclosures(page []byte) (map[int64]Row, error) {
	rows := map[int64]Row{}
	for line := range bytes.Lines(page) {
		var d struct{ Seq, Body, Opening string }
		dec := json.NewDecoder(bytes.NewReader(line))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&d); err != nil {
			return nil, errors.New("verify: a page of bodies cannot be read")
		}
		seq, ok := number(d.Seq)
		body, err1 := base64.StdEncoding.DecodeString(d.Body)
		opening, err2 := base64.StdEncoding.DecodeString(d.Opening)
		if !ok || err1 != nil || err2 != nil || len(opening) != hashSize {
			return nil, errors.New("verify: a page of bodies cannot be read")
		}
		rows[seq] = Row{Body: body, Opening: opening}
	}
	return rows, nil
}
