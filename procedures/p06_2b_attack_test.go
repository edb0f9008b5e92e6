package procedures_test

import (
	"bytes"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pado/core/procedure"
	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/sample"
)

// sampled is a case whose source has confirmed how its sample is read, and that reading with the
// steps of people.
func (b *basis) sampled(content string) (s *sample.Service, no string, mine *pipeline.Pipeline) {
	b.t.Helper()
	s = sample.New(sample.Config{Engine: b.Engine, Files: b.uploads, KEK: make([]byte, 32), Dir: filepath.Join(b.t.TempDir(), "trials")})
	no = b.begin(b.op, "p06_2b_hookup", hookupForm(b.readyItem()))
	b.step(b.op, no, "submit", procedure.Act{})
	b.step(b.at.Lead, no, "coordinate", say("请配合"))
	src := b.actor(b.src1)
	x, err := s.Put(ctx, src, no, b.upload(b.src1, content))
	b.must(err)
	v, _, err := s.Look(ctx, src, no, sample.Part{Rows: 50})
	b.must(err)
	reading := v.Proposal.Pipeline.Source.Reading()
	draft, err := s.Confirm(ctx, src, no, sample.Confirmation{N: x.N, Part: sample.Part{Reading: &reading}})
	b.must(err)
	mine, problem := sample.Model(people)
	if problem != nil {
		b.t.Fatal(problem)
	}
	sample.Adopt(mine, draft)
	return s, no, mine
}

// A trial is no window into the sample: an operator that declares a row of data to be the header,
// asks row by row with rules of its own, or calls a column public, learns no cell.
func TestATrialShowsTheOperatorNoCell(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		text := "编号,年龄,性别\n"
		for range 12 {
			text += "张三,30,男\n"
		}
		s, no, mine := b.sampled(text)
		op := b.actor(b.op)
		try := func(p *pipeline.Pipeline) (sample.Trial, error) {
			t.Helper()
			text, err := sample.Write(p)
			b.must(err)
			return s.Try(ctx, op, no, text)
		}
		shifted := *mine
		shifted.Source.Skip++
		_, err := try(&shifted)
		refusedAs(t, err, "sample.reading")
		if strings.Contains(err.Error(), "张三") {
			t.Errorf("a cell in the words of the refusal: %v", err)
		}
		asking := strings.Replace(people, `max: "120"`, `max: "29"`, 1)
		q, problem := sample.Model(asking)
		if problem != nil {
			t.Fatal(problem)
		}
		q.Source = mine.Source
		out, err := try(q)
		b.must(err)
		if out.Quarantined != 12 || len(out.Aside) != 0 {
			t.Errorf("the operator is told which records failed its own rule: %+v", out.Aside)
		}
		for i := range mine.Target.Columns {
			mine.Target.Columns[i].Label = "public"
		}
		mine.Target.Unit, mine.Target.UnitDomain = "", ""
		if out, err = try(mine); err != nil {
			t.Fatal(err)
		}
		for _, c := range out.Quality.Columns {
			if c.Min+c.Max+c.Mean != "" || len(c.Bins)+len(c.Top) > 0 {
				t.Errorf("the profile of a sample shows values: %+v", c)
			}
		}
	})
}

// The account a source sealed is for the server it was entered for: an operator that declares
// another one afterwards does not get it sent there.
func TestASealedAccountGoesNowhereElse(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		b.must(err)
		defer l.Close()
		var got bytes.Buffer
		var mu sync.Mutex
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				buf := make([]byte, 512)
				for _, answer := range []string{"N", "R\x00\x00\x00\x08\x00\x00\x00\x03", "E\x00\x00\x00\x04"} { // no TLS; the password in clear, please
					n, err := c.Read(buf)
					if err != nil {
						break
					}
					mu.Lock()
					got.Write(buf[:n])
					mu.Unlock()
					c.Write([]byte(answer)) //nolint:errcheck // the attacker's own
				}
				c.Close()
			}
		}()
		b.reaching("127.0.0.0/8")
		form := merged(hookupForm(""), map[string]any{"kind": "postgresql", "address": "127.0.0.1:1", "database": "d", "table": "t", "columns": "编号，年龄、性别", "mode": "full"})
		no := b.asked(form)
		b.step(b.src1, no, "credential", inputOf(map[string]string{"user": "reader", "password": "Niemand-Sieht-Das"}))
		b.step(b.op, no, "probe", formOf(merged(form, map[string]any{"pipeline": people, "rowsBound": 1, "address": l.Addr().String()})))
		b.govern()
		mu.Lock()
		defer mu.Unlock()
		if strings.Contains(got.String(), "Niemand-Sieht-Das") || got.Len() > 0 {
			t.Errorf("the operator's server was told %q", got.String())
		}
		err = b.do(b.op, no, "connect_auto", procedure.Act{})
		var ref *procedure.Refused
		if !errors.As(err, &ref) || !strings.Contains(ref.Message, "重新录入") {
			t.Errorf("%v", err)
		}
	})
}

// An exchange folder is its department's: the operator does not connect one department's item to
// another's files, by name or by a link.
func TestAFolderBelongsToItsSource(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		root := b.reaching("")
		b.must(os.MkdirAll(filepath.Join(root, "org-other", "out"), 0o700))
		b.must(os.WriteFile(filepath.Join(root, "org-other", "out", "a.csv"), []byte("编号,年龄,性别\n1,30,男\n"), 0o600))
		b.must(os.WriteFile(filepath.Join(root, "org-other", "out", "a.csv.ok"), nil, 0o600))
		b.must(os.Mkdir(filepath.Join(root, b.srcOrg), 0o700))
		b.must(os.Symlink("../org-other/out", filepath.Join(root, b.srcOrg, "link")))
		form := merged(hookupForm(""), map[string]any{"kind": "folder", "cycle": "day", "path": "org-other/out", "pattern": "*.csv", "ready": "marker", "pipeline": people, "rowsBound": 1})
		no := b.asked(form)
		for _, path := range []string{"org-other/out", ".", b.srcOrg + "/../org-other/out", b.srcOrg + "x"} {
			if err := b.do(b.op, no, "probe", formOf(merged(form, map[string]any{"path": path}))); err == nil {
				t.Errorf("%s can be tested", path)
			}
		}
		b.step(b.op, no, "probe", formOf(merged(form, map[string]any{"path": b.srcOrg + "/link"})))
		b.govern()
		if err := b.do(b.op, no, "connect_auto", procedure.Act{}); err == nil {
			t.Error("a link leads into another department's folder")
		}
	})
}
