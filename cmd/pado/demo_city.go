package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"pado/core/store"
	"pado/demo"
	"pado/domain/governance/ingest"
	"pado/procedures"
)

// session is the platform of the demonstration while its people work: served on a free port of
// the loopback, and started anew when the story wants it.
type session struct {
	place place
	x     *platform
	srv   *http.Server
	end   context.CancelFunc
}

// open serves the platform and points the driver at it.
func (s *session) open(ctx context.Context, d *demo.Driver) error {
	ctx, s.end = context.WithCancel(ctx)
	s.x.role = "all"
	h, err := s.x.handler(ctx, false)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.srv = serverOf(h)
	go s.srv.Serve(l) //nolint:errcheck // it ends with the session
	s.x.start(ctx)
	d.URL = "http://" + l.Addr().String()
	d.Wait = func(user string) error { return demo.Jobs(d, user) }
	d.Advance = func(to time.Time) error {
		if err := s.x.db.AdvanceClock(ctx, to, "system"); err != nil {
			return err
		}
		return s.x.settle(ctx)
	}
	return nil
}

// close ends the session in good order: what was called is sealed.
func (s *session) close() {
	if s.srv != nil {
		s.srv.Close() //nolint:errcheck // the listener goes with it
	}
	if s.end != nil {
		s.end()
	}
	if s.x != nil {
		s.x.close()
	}
	s.srv, s.end, s.x = nil, nil, nil
}

// fill tells the city's story, script by script, with what each leaves in the records.
func (s *session) fill(ctx context.Context, people int, say func(string, ...any), file *demoFile) error {
	examples, err := ingest.Examples()
	if err != nil {
		return err
	}
	pool, err := demo.Generate(demo.Seed, people)
	if err != nil {
		return err
	}
	bytes := 0
	for _, n := range pool.Names() {
		bytes += len(pool.Files[n])
	}
	say("合成数据：%d 人，%d 个文件，%d MB", people, len(pool.Files), bytes>>20)
	d := &demo.Driver{Context: ctx}
	if err := s.open(ctx, d); err != nil {
		return err
	}
	town := demo.NewTown(d, pool, string(examples["adult-census"].Text), string(examples["beijing-pm25"].Text))
	town.Wall = time.Now
	town.Restart = func() error {
		s.close()
		var err error
		if s.x, err = assemble(ctx, s.place); err != nil {
			return err
		}
		return s.open(ctx, d)
	}
	scripts := demo.Scripts()
	for i, part := range scripts {
		part.Run(town)
		if err := d.Err(); err != nil {
			return fmt.Errorf("%s：%w", part.Title, err)
		}
		n, err := cases(ctx, s.x.db)
		if err != nil {
			return err
		}
		say("%2d/%d %s：共 %d 件事项", i+1, len(scripts), part.Title, n)
	}
	file.Accounts = append(file.Accounts, town.Joined()...)
	file.Keys, file.Projects = town.Keys(), town.Projects()
	return nil
}

func cases(ctx context.Context, db *store.DB) (n int, err error) {
	return n, db.View(ctx, func(r *store.ReadTx) error { return r.Get(&n, `SELECT count(*) FROM case_file`) })
}

// overview prints how many cases of each procedure are in which state.
func overview(ctx context.Context, db *store.DB, out func(string, ...any)) error {
	var rows []struct {
		Procedure, State string
		N                int
	}
	err := db.View(ctx, func(r *store.ReadTx) error {
		return r.Select(&rows, `SELECT procedure, state, count(*) AS n FROM case_file GROUP BY procedure, state ORDER BY procedure, state`)
	})
	if err != nil {
		return err
	}
	out("各类事项所处的环节：")
	for _, p := range procedures.All() {
		line := ""
		for _, x := range rows {
			if x.Procedure == p.ID {
				label := x.State
				if st, ok := p.State(x.State); ok {
					label = st.Label
				} else if x.State == "void" {
					label = "已作废"
				}
				line += fmt.Sprintf(" %s %d", label, x.N)
			}
		}
		out("  %s（%s）%s", p.Title, p.ID, line)
	}
	return nil
}

// refresh makes the ready calls of demo.json fresh: signed for a time four minutes ahead, so that
// each answers once within the nine minutes from now on.
func refresh(file *demoFile, now time.Time) error {
	for i := range file.Keys {
		if err := file.Keys[i].Sign(now.Add(4 * time.Minute)); err != nil {
			return err
		}
	}
	return nil
}

// demonstrate keeps the ready calls of a demonstration city fresh while it is served.
func (x *platform) demonstrate() {
	if x.demo && (x.role == "all" || x.role == "gateway") {
		x.loops = append(x.loops, loop{"examples", 2 * time.Minute, x.keepExamples})
	}
}

// vacant refuses a place that holds anything, and says whether its key file is there already.
func vacant(p *place) (keyed bool, err error) {
	if list, err := os.ReadDir(p.data); err == nil && len(list) > 0 {
		return false, fmt.Errorf("目录 %s 不是空的，未作改动：请换一个目录，或者先移走其中的内容", p.data)
	} else if err != nil && !os.IsNotExist(err) {
		return false, fmt.Errorf("目录 %s 不可用：请换一个 --data", p.data)
	}
	_, err = os.Stat(p.kek)
	return err == nil, nil
}

// workshop is a temporary sibling of the target, in which a city is built before it takes its place.
func workshop(p place) (place, error) {
	if err := os.MkdirAll(filepath.Dir(p.data), 0o700); err != nil {
		return p, fmt.Errorf("目录 %s 不可用：请换一个 --data", filepath.Dir(p.data))
	}
	dir, err := os.MkdirTemp(filepath.Dir(p.data), "."+filepath.Base(p.data)+".building-")
	p.data = dir
	return p, err
}
