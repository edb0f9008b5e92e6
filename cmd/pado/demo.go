package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"time"

	"pado/core/identity"
	"pado/core/secret"
	"pado/demo"
	"pado/domain/governance/ingest"
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

func demoCommand(ctx context.Context, args []string, out io.Writer) error {
	var p place
	f := flags("demo")
	p.flags(f)
	people := f.Int("people", 60000, "合成人口的人数")
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
	defer x.close()
	say := func(format string, a ...any) {
		fmt.Fprintf(out, "[%5.1fs] "+format+"\n", append([]any{time.Since(began).Seconds()}, a...)...)
	}
	file := demoFile{Keys: []demo.Key{}, Projects: []demo.Project{}}
	if file.Accounts, err = demo.Base(ctx, db, x.identity); err != nil {
		return fmt.Errorf("演示单位与账号：%w", err)
	}
	say("单位与账号：%d 个账号", len(file.Accounts))
	if !*bare {
		if err := x.fill(ctx, *people, say, &file); err != nil {
			return err
		}
	}
	if err := sign(ctx, db, keys); err != nil {
		return err
	}
	b, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(p.data, "demo.json"), append(b, '\n'), 0o600); err != nil {
		return err
	}
	say("完成：%s", filepath.Join(p.data, "demo.json"))
	return printAccounts(out, p.data)
}

// fill drives the main job through the platform's own API on a free port of the loopback, as the
// demonstration's people: from the mandate to a customer's key.
func (x *platform) fill(ctx context.Context, people int, say func(string, ...any), file *demoFile) error {
	ctx, cancel := context.WithCancel(ctx)
	x.role = "all"
	h, err := x.handler(ctx, false)
	if err != nil {
		cancel()
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		cancel()
		return err
	}
	srv := serverOf(h)
	go srv.Serve(l) //nolint:errcheck // it ends with the demonstration
	x.start(ctx)
	defer func() { srv.Close(); cancel() }()
	d := &demo.Driver{URL: "http://" + l.Addr().String()}
	d.Wait = func(user string) error { return demo.Jobs(d, user) }
	d.Advance = func(to time.Time) error {
		if err := x.db.AdvanceClock(ctx, to, "system"); err != nil {
			return err
		}
		return x.settle(ctx)
	}
	examples, err := ingest.Examples()
	if err != nil {
		return err
	}
	agreement := demo.Authorise(d)
	say("授权依据、实施方案、授权运营协议已生效")
	census := demo.Census(string(examples["adult-census"].Text), "census.csv", demo.CensusFile(people))
	air := demo.Air(string(examples["beijing-pm25"].Text), "air.csv", demo.AirFile(336), demo.AirFields)
	demo.Supply(d, agreement, census, air)
	say("目录、接入与数据集：%d 人，%d 小时", people, 336*24)
	made := demo.Develop(d, agreement, demo.Employment(census))
	say("产品清单、场景、需求、提问、出域、登记与上线")
	demo.Price(d, made.Product, "1.50", "0.50")
	_, key := demo.Order(d, "bank1", made.Product, demo.Employment(census).Name, 100000)
	say("收费标准公示生效，订单与密钥")
	if err := d.Err(); err != nil {
		return err
	}
	file.Keys = append(file.Keys, key)
	file.Projects = append(file.Projects, demo.Project{No: made.Project, User: "dev1"})
	return nil
}

func printAccounts(out io.Writer, dir string) error {
	b, err := os.ReadFile(filepath.Join(dir, "demo.json"))
	if err != nil {
		return err
	}
	var f demoFile
	if err := json.Unmarshal(b, &f); err != nil {
		return errors.New("demo.json 已损坏")
	}
	fmt.Fprintf(out, "演示账号（密码均为 %s）：\n", demo.Password)
	for _, a := range f.Accounts {
		fmt.Fprintf(out, "  %-10s %s %s %v\n", a.User, a.Name, a.Org, a.Roles)
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
