package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"pado/core/identity"
	"pado/core/secret"
	"pado/demo"
	"pado/domain/party"
)

func init() {
	add("demo", "建立一个确定的演示城市，写出 DIR/demo.json", demoCommand)
}

// demoFile is DIR/demo.json.
type demoFile struct {
	Accounts []demo.Account `json:"accounts"`
	Keys     []demo.Key     `json:"keys"`
	Projects []demo.Project `json:"projects"`
}

// fewest people a city is drawn of.
const fewest = 2000

func demoCommand(ctx context.Context, args []string, out io.Writer) error {
	var p place
	f := flags("demo")
	p.flags(f)
	people := f.Int("people", 61000, "合成人口的人数；入池的略少，因其中有意掺入了差错")
	bare := f.Bool("bare", false, "只建单位和账号，不建数据与事项")
	ifMissing := f.Bool("if-missing", false, "目录中已有记录时不做任何事")
	if err := f.Parse(args); err != nil {
		return err
	}
	if err := p.check(); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(p.data, "demo.json")); err == nil && *ifMissing {
		return printAccounts(out, p.data)
	}
	if !*bare && *people < fewest {
		return fmt.Errorf("%w: --people 至少为 %d，否则统计结果都因个体过少而不能出域", errUsage, fewest)
	}
	keyed, err := vacant(&p)
	if err != nil {
		return err
	}
	site, err := workshop(p)
	if err != nil {
		return err
	}
	err = build(ctx, site, p.data, *people, *bare, out)
	if err == nil {
		os.Remove(p.data) //nolint:errcheck // an empty folder may be in the way; if it is not empty, the next step says so
		err = os.Rename(site.data, p.data)
	}
	if err != nil {
		if !keyed {
			os.Remove(p.kek) //nolint:errcheck // it may not have been made
		}
		err = errors.Join(err, os.RemoveAll(site.data))
		if p.db != "" {
			return fmt.Errorf("未能建立演示城市，数据目录未作改动，数据库请清空后再试：%w", err)
		}
		return fmt.Errorf("未能建立演示城市，目录未作改动：%w", err)
	}
	return printAccounts(out, p.data)
}

// build makes the whole city in a place of its own; target is only named in what is printed.
func build(ctx context.Context, p place, target string, people int, bare bool, out io.Writer) (err error) {
	began := time.Now()
	db, kek, keys, err := found(ctx, &p, "140600", true, demo.Start, rand.NewChaCha8([32]byte{0x14, 0x06}))
	if err != nil {
		return err
	}
	x, err := wire(ctx, p, db, kek, keys)
	if err != nil {
		db.Close()
		return err
	}
	s := &session{place: p, x: x}
	defer s.close()
	say := func(format string, a ...any) {
		fmt.Fprintf(out, "[%5.1fs] "+format+"\n", append([]any{time.Since(began).Seconds()}, a...)...)
	}
	file := demoFile{Keys: []demo.Key{}, Projects: []demo.Project{}}
	if file.Accounts, err = demo.Base(ctx, db, x.identity); err != nil {
		return fmt.Errorf("演示单位与账号：%w", err)
	}
	say("单位与账号：%d 个账号", len(file.Accounts))
	if !bare {
		if err := s.fill(ctx, people, say, &file); err != nil {
			return err
		}
	}
	// Closed in good order, what was called last is sealed; the checkpoint comes after it.
	s.close()
	if db, _, keys, err = p.open(ctx); err != nil {
		return err
	}
	defer db.Close()
	if !bare {
		if err := overview(ctx, db, say); err != nil {
			return err
		}
	}
	if err := sign(ctx, db, keys); err != nil {
		return err
	}
	if err := file.write(p.data); err != nil {
		return err
	}
	say("完成：%s", filepath.Join(target, "demo.json"))
	return nil
}

// write makes the ready calls fresh and writes the file whole or not at all.
func (f *demoFile) write(dir string) error {
	if err := refresh(f, time.Now()); err != nil {
		return err
	}
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	part := filepath.Join(dir, ".demo.json.part")
	if err := os.WriteFile(part, append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(part, filepath.Join(dir, "demo.json"))
}

func readDemo(dir string) (f demoFile, err error) {
	b, err := os.ReadFile(filepath.Join(dir, "demo.json"))
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return f, errors.New("demo.json 已损坏")
	}
	return f, nil
}

// keepExamples writes demo.json anew every two minutes while a demonstration city is served, so
// that the calls in it can be sent as they stand: a signature is good for a few minutes and once.
func (x *platform) keepExamples(context.Context) error {
	f, err := readDemo(x.data)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil || len(f.Keys) == 0 {
		return err
	}
	return f.write(x.data)
}

func printAccounts(out io.Writer, dir string) error {
	f, err := readDemo(dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "演示账号（密码均为 %s）：\n", demo.Password)
	for _, a := range f.Accounts {
		fmt.Fprintf(out, "  %-10s %s %v\n", a.User, a.Org, a.Roles)
	}
	return nil
}

// bootstrap creates the data authority with its lead and the three administrators (三员), and
// prints their one-time passwords once.
func bootstrap(ctx context.Context, out io.Writer, x *platform, authority string) error {
	account := func(user, name, pass string) identity.NewAccount {
		return identity.NewAccount{NewPerson: identity.NewPerson{Username: user, Name: name, Password: pass}, MustChange: true, Once: true}
	}
	users := []struct{ user, name, pass string }{{"data-lead", "数据管理部门负责人", ""}, {"system", "系统管理员", ""}, {"security", "安全管理员", ""}, {"audit", "审计管理员", ""}}
	for i := range users {
		pass, err := secret.Password(x.db.Rand())
		if err != nil {
			return err
		}
		users[i].pass = pass
	}
	acc := func(i int) identity.NewAccount { return account(users[i].user, users[i].name, users[i].pass) }
	if _, err := party.Bootstrap(ctx, x.db, x.identity, party.Opening{
		Authority: party.Org{Name: authority, Kind: party.Organ, LegalPerson: true, Status: party.Active},
		Lead:      acc(0), System: acc(1), Security: acc(2), Audit: acc(3)}); err != nil {
		return err
	}
	fmt.Fprintln(out, "初始账号（一次性密码，首次登录须修改）：")
	for _, u := range users {
		fmt.Fprintf(out, "  %-10s %s  %s\n", u.user, u.pass, u.name)
	}
	return nil
}
