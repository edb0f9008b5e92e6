package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"pado/core/audit/verify"
	"pado/core/calendar"
	"pado/core/money"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/governance/ingest"
	"pado/domain/ledger"
	"pado/domain/sandbox/guard"
	"pado/domain/settlement"
	"pado/plan"
	"pado/procedures"
)

func init() {
	add("audit", "verify：核验日志（--data 目录 或 --url 地址）", auditCommand)
	add("plan", "coverage：逐条列出方案条款由什么实现；parameters：参数表", planCommand)
	add("calendar", "add 日期 天数：若干工作日之后是哪一天", calendarCommand)
	add("clock", "advance：在演示目录中推进业务时间", clockCommand)
	add("ingest", "不经服务器试读或治理一个文件", func(_ context.Context, args []string, out io.Writer) error {
		if code := ingest.Main(args, out, os.Stderr); code != 0 {
			return exitCode(code)
		}
		return nil
	})
}

func auditCommand(ctx context.Context, args []string, out io.Writer) error {
	return sub(args, map[string]func([]string) error{"verify": func(args []string) error {
		var p place
		f := flags("audit verify")
		p.flags(f)
		url := f.String("url", "", "平台地址，经公开接口核验")
		since := f.String("since", "", "以前保存的检查点文件")
		key := f.String("key", "", "事先取得的 Ed25519 验证密钥")
		sm := f.String("key-sm", "", "事先取得的 SM2 验证密钥")
		token := f.String("token", "", "可选的访问令牌")
		asJSON := f.Bool("json", false, "输出 JSON 报告")
		if err := f.Parse(args); err != nil {
			return err
		}
		opt := verify.Options{Ed25519Key: *key, SM2Key: *sm}
		if *since != "" {
			b, err := os.ReadFile(*since)
			if err != nil {
				return errors.New("读不到所给的检查点文件")
			}
			opt.Since = b
		}
		var src verify.Source
		var records *store.DB
		if *url != "" {
			base := strings.TrimSuffix(*url, "/")
			if !strings.HasSuffix(base, "/log") {
				base += "/log"
			}
			u, err := verify.NewURL(base, *token)
			if err != nil {
				return err
			}
			src = u
			if *token != "" {
				opt.Hooks = replayHooks(ctx, nil)
			}
		} else {
			db, err := p.read(ctx)
			if err != nil {
				return err
			}
			defer db.Close()
			src, opt.Hooks = store.Rows{DB: db}, replayHooks(ctx, db)
			records = db
		}
		rep, err := verify.Verify(ctx, src, opt)
		// The tables are read after the leaves: what a running platform wrote in between is no finding.
		for range 4 {
			if err != nil || rep.OK || records == nil {
				break
			}
			size := int64(0)
			if err = records.View(ctx, func(r *store.ReadTx) (err error) { size, err = r.LogSize(); return err }); err != nil || size == rep.Leaves {
				break
			}
			opt.Hooks = replayHooks(ctx, records)
			rep, err = verify.Verify(ctx, src, opt)
		}
		if err != nil {
			return err
		}
		if *asJSON {
			enc := json.NewEncoder(out)
			enc.SetIndent("", "  ")
			if err := enc.Encode(rep); err != nil {
				return err
			}
		} else {
			fmt.Fprintln(out, rep.Message)
			fmt.Fprintf(out, "日志 %s：已签名 %d 条，读取 %d 条，核对正文 %d 条，节点 %d 个；SHA-256 根 %.16s…，SM3 根 %.16s…\n",
				rep.Origin, rep.Size, rep.Leaves, rep.Bodies, rep.Nodes, rep.RootSHA256, rep.RootSM3)
		}
		if !rep.OK {
			if rep.FirstBad >= 0 {
				fmt.Fprintf(out, "first bad index: %d\n", rep.FirstBad)
			}
			return exitCode(1)
		}
		return nil
	}})
}

func planCommand(_ context.Context, args []string, out io.Writer) error {
	return sub(args, map[string]func([]string) error{
		"coverage": func([]string) error {
			declare()
			return plan.WriteCoverage(out)
		},
		"procedures": func([]string) error {
			return procedure.WriteDiagrams(out, procedures.All())
		},
		"parameters": func(args []string) error {
			f := flags("plan parameters")
			city := f.String("city", "140600", "区划代码")
			on := f.String("on", "", "生效日期")
			if err := f.Parse(args); err != nil {
				return err
			}
			params, err := plan.City(*city)
			if err != nil {
				return err
			}
			if *on == "" {
				*on = calendar.DateOf(time.Now()).String()
			}
			return params.WriteParameters(out, *on)
		},
		"divergences": func([]string) error { return plan.WriteDivergences(out) },
	})
}

func calendarCommand(_ context.Context, args []string, out io.Writer) error {
	return sub(args, map[string]func([]string) error{"add": func(args []string) error {
		if len(args) != 2 {
			return fmt.Errorf("%w: pado calendar add 日期 天数", errUsage)
		}
		d, err := calendar.ParseDate(args[0])
		if err != nil {
			return fmt.Errorf("%w: %s 不是日期", errUsage, strconv.Quote(args[0]))
		}
		n, err := strconv.Atoi(args[1])
		if err != nil || n < 0 {
			return fmt.Errorf("%w: 天数应为非负整数", errUsage)
		}
		end, err := calendar.Shipped().Add(d, calendar.WorkingDays(n))
		var un *calendar.Unresolved
		if errors.As(err, &un) {
			fmt.Fprintln(out, un.Error())
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(out, end)
		return nil
	}})
}

func clockCommand(ctx context.Context, args []string, out io.Writer) error {
	return sub(args, map[string]func([]string) error{"advance": func(args []string) error {
		var p place
		f := flags("clock advance")
		p.flags(f)
		to := f.String("to", "", "RFC 3339 时间")
		if err := f.Parse(args); err != nil {
			return err
		}
		at, err := time.Parse(time.RFC3339, *to)
		if err != nil {
			return fmt.Errorf("%w: --to 应为 RFC 3339 时间，如 2026-04-01T09:00:00+08:00", errUsage)
		}
		x, err := assemble(ctx, p)
		if err != nil {
			return err
		}
		defer x.close()
		switch err := x.db.AdvanceClock(ctx, at, "system"); {
		case errors.Is(err, store.ErrNotDemo):
			return errors.New("只有演示目录的业务时间可以推进")
		case errors.Is(err, store.ErrBackwards):
			return errors.New("业务时间只能向前")
		case err != nil:
			return err
		}
		// What fell due meanwhile happens now, as it would have by itself.
		if err := x.settle(ctx); err != nil {
			return err
		}
		fmt.Fprintln(out, at.In(calendar.Shanghai).Format(time.RFC3339))
		return sign(ctx, x.db, x.keys)
	}})
}

func init() {
	add("ledger", "export：导出分录（hledger 或 csv）；check：试算并证明借贷相等", ledgerCommand)
	add("usage", "export：导出用量（csv）", usageCommand)
	add("guard", "eval：不经服务器运行受控查询", guardCommand)
}

func ledgerCommand(ctx context.Context, args []string, out io.Writer) error {
	with := func(name string, args []string, f func(*store.ReadTx, string) error) error {
		var p place
		fs := flags("ledger " + name)
		p.flags(fs)
		format := fs.String("format", "hledger", "hledger 或 csv")
		if err := fs.Parse(args); err != nil {
			return err
		}
		db, err := p.read(ctx)
		if err != nil {
			return err
		}
		defer db.Close()
		return db.View(ctx, func(r *store.ReadTx) error { return f(r, *format) })
	}
	return sub(args, map[string]func([]string) error{
		"export": func(args []string) error {
			return with("export", args, func(r *store.ReadTx, format string) error { return ledger.Export(out, r, format) })
		},
		"check": func(args []string) error {
			return with("check", args, func(r *store.ReadTx, _ string) error {
				if err := errors.Join(ledger.Check(r), settlement.Reconcile(r)); err != nil {
					return err
				}
				lines, err := ledger.Trial(r)
				var dr, cr money.Fen
				for _, l := range lines {
					fmt.Fprintf(out, "%-16s %16s %16s  %s\n", l.Account, l.Debit, l.Credit, l.Title)
					dr, cr = dr+l.Debit, cr+l.Credit
				}
				fmt.Fprintf(out, "%-16s %16s %16s  借贷相等\n", "total", dr, cr)
				return err
			})
		},
	})
}

func usageCommand(ctx context.Context, args []string, out io.Writer) error {
	return sub(args, map[string]func([]string) error{"export": func(args []string) error {
		var p place
		f := flags("usage export")
		p.flags(f)
		f.String("format", "csv", "csv")
		if err := f.Parse(args); err != nil {
			return err
		}
		db, err := p.read(ctx)
		if err != nil {
			return err
		}
		defer db.Close()
		w := csv.NewWriter(out)
		if err := w.Write([]string{"month", "order", "product", "customer", "agreement", "tariff", "calls", "rows"}); err != nil {
			return err
		}
		err = db.View(ctx, func(r *store.ReadTx) error {
			return r.Each(`SELECT month, order_id, product, customer_org, agreement, tariff, calls, row_count FROM usage_month ORDER BY month, order_id, tariff`, nil,
				func(scan func(...any) error) error {
					rec := make([]string, 8)
					ptr := make([]any, 8)
					for i := range rec {
						ptr[i] = &rec[i]
					}
					if err := scan(ptr...); err != nil {
						return err
					}
					return w.Write(rec)
				})
		})
		w.Flush()
		return errors.Join(err, w.Error())
	}})
}

func guardCommand(ctx context.Context, args []string, _ io.Writer) error {
	return sub(args, map[string]func([]string) error{"eval": func(args []string) (err error) {
		f := flags("guard eval")
		init, policy, queries := f.String("init", "", "建表 SQL"), f.String("policy", "", "策略 JSON"), f.String("queries", "", "查询 JSONL")
		outFile, books := f.String("out", "", "结果 JSONL"), f.String("ledger", "fresh", "fresh：每个查询一本新账；shared：共用一本账")
		if err := f.Parse(args); err != nil {
			return err
		}
		o := guard.EvalOptions{Shared: *books == "shared", Now: time.Now}
		for _, x := range []struct {
			name string
			dst  *io.Reader
		}{{*init, &o.Init}, {*policy, &o.Policy}, {*queries, &o.Queries}} {
			file, err := os.Open(x.name)
			if err != nil {
				return fmt.Errorf("%w: 读不到 --init、--policy 或 --queries 所指的文件", errUsage)
			}
			defer file.Close()
			*x.dst = file
		}
		file, err := os.Create(*outFile)
		if err != nil {
			return fmt.Errorf("%w: 写不了 --out 所指的文件", errUsage)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		o.Out = file
		return guard.Eval(ctx, o)
	}})
}
