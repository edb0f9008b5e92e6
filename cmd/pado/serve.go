package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"
)

func init() {
	add("init", "在空目录中建立一个城市的平台记录", initCommand)
	add("serve", "启动平台", serveCommand)
	add("token", "为演示账号或程序账号签发访问令牌", tokenCommand)
}

func initCommand(ctx context.Context, args []string, out io.Writer) error {
	var p place
	f := flags("init")
	p.flags(f)
	city := f.String("city", "", "区划代码，如 140600")
	authority := f.String("authority", "", "数据管理部门全称；缺省为“城市名＋数据局”")
	if err := f.Parse(args); err != nil {
		return err
	}
	db, kek, keys, err := found(ctx, &p, *city, false, time.Time{}, nil)
	if err != nil {
		return err
	}
	x, err := wire(ctx, p, db, kek, keys)
	if err != nil {
		db.Close()
		return err
	}
	defer x.close()
	if *authority == "" {
		*authority = x.cityInfo().Name + "数据局"
	}
	if err := bootstrap(ctx, out, x, *authority); err != nil {
		return err
	}
	if err := sign(ctx, db, keys); err != nil {
		return err
	}
	public, err := keys.Signers().Public()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "已在 %s 建立 %s 的平台记录。主密钥在 %s，请另行妥善保管：丢失后密文无法恢复。\n验证密钥（请交审计机关留存）：\n  %s\n  %s\n",
		p.data, *city, p.kek, public.Ed25519, public.SM2)
	return nil
}

// servingGC lets the heap grow to four times what lives, some thirty MB at rest, between collections:
// a tenth of the processor under load for memory a server has.
const servingGC = 300

func serveCommand(ctx context.Context, args []string, out io.Writer) error {
	var p place
	f := flags("serve")
	p.flags(f)
	listen := f.String("listen", "127.0.0.1:8080", "监听地址")
	role := f.String("role", "all", "本实例承担的部分：all、api、gateway、clock")
	cert := f.String("tls-cert", "", "TLS 证书文件")
	key := f.String("tls-key", "", "TLS 私钥文件")
	ready := f.String("ready-file", "", "就绪后写入实际地址的文件")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *role != "all" && *role != "api" && *role != "gateway" && *role != "clock" {
		return fmt.Errorf("%w: --role 应为 all、api、gateway 或 clock", errUsage)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(servingGC)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := p.check(); err != nil {
		return err
	}
	if _, err := os.Stat(p.data); err == nil {
		lock, err := p.hold(false)
		if err != nil {
			return err
		}
		defer lock.Close()
	}
	x, err := assemble(ctx, p)
	if err != nil {
		return err
	}
	x.role = *role
	x.demonstrate()
	defer x.close()
	defer cancel()
	h, err := x.handler(ctx, *cert != "")
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return errors.New("监听地址不可用，请换一个 --listen")
	}
	srv := serverOf(h)
	x.sayLetters()
	x.start(ctx)
	done := make(chan error, 1)
	go func() {
		if *cert != "" {
			done <- srv.ServeTLS(l, *cert, *key)
		} else {
			done <- srv.Serve(l)
		}
	}()
	fmt.Fprintf(out, "平台已启动：http://%s/\n", l.Addr())
	if *ready != "" {
		if err := os.WriteFile(*ready, []byte(l.Addr().String()), 0o600); err != nil {
			return err
		}
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	stop, end := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer end()
	if err := srv.Shutdown(stop); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return sign(stop, x.db, x.keys)
}
