package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/mail"
	"net/smtp"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pado/core/audit"
	"pado/core/secret"
	"pado/core/store"
	"pado/domain/party"
)

func init() {
	add("mail", "发信设置：password（从标准输入读入并封存）、test（发一封测试信）", mailCommand)
}

// mailServer is where letters go out, from PADO_SMTP and PADO_SMTP_FROM:
//
//	smtps://USER@HOST:465   TLS from the first byte
//	smtp://USER@HOST:587    STARTTLS, which the server must offer
//
// The password is not in the environment: it is sealed in the records by "pado mail password".
type mailServer struct {
	Host, Port, User, From string
	Implicit               bool // TLS from the first byte
}

// readMailServer reads the setting; nil when there is none. An error is a mistake of whoever set it.
func readMailServer(env func(string) string) (*mailServer, error) {
	text := env("PADO_SMTP")
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" {
		return nil, errors.New("PADO_SMTP 应写作 smtps://用户@主机:465 或 smtp://用户@主机:587")
	}
	if _, has := u.User.Password(); has {
		return nil, errors.New("PADO_SMTP 不能带密码，请用 pado mail password 封存")
	}
	s := &mailServer{Host: u.Hostname(), Port: u.Port(), User: u.User.Username()}
	switch u.Scheme {
	case "smtps":
		s.Implicit = true
		if s.Port == "" {
			s.Port = "465"
		}
	case "smtp":
		if s.Port == "" {
			s.Port = "587"
		}
	default:
		return nil, errors.New("PADO_SMTP 须以 smtps:// 或 smtp:// 开头")
	}
	from := env("PADO_SMTP_FROM")
	if from == "" {
		from = s.User
	}
	a, err := mail.ParseAddress(from)
	if err != nil {
		return nil, errors.New("PADO_SMTP_FROM 应为发件人邮箱地址")
	}
	s.From = a.Address
	return s, nil
}

// mailer sends mail over TLS only; a server without it is refused before anything is said.
type mailer struct {
	mailServer
	platform string // the sender's name
	password func(context.Context) (string, error)
	tls      *tls.Config // nil = the system's authorities
	now      func() time.Time
}

// Send implements party.Sender for mail. The Message-ID follows from the letter's key, so that a
// letter that is sent again after a crash is recognised as the same.
func (m mailer) Send(ctx context.Context, l party.Letter) error {
	to, err := mail.ParseAddress(l.To)
	if err != nil {
		return errors.New("send a mail: the address is no address")
	}
	config := m.tls.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	config.ServerName = m.Host
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(m.Host, m.Port))
	if err != nil {
		return fmt.Errorf("reach the mail server: %w", err)
	}
	defer conn.Close()
	if until, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(until); err != nil {
			return fmt.Errorf("reach the mail server: %w", err)
		}
	}
	if m.Implicit {
		conn = tls.Client(conn, config)
	}
	c, err := smtp.NewClient(conn, m.Host)
	if err != nil {
		return fmt.Errorf("greet the mail server: %w", err)
	}
	if !m.Implicit {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return errors.New("the mail server offers no TLS; nothing was sent")
		}
		if err := c.StartTLS(config); err != nil {
			return fmt.Errorf("begin TLS with the mail server: %w", err)
		}
	}
	if m.User != "" {
		password, err := m.password(ctx)
		if err != nil {
			return fmt.Errorf("open the password of the mail server: %w", err)
		}
		if err := c.Auth(smtp.PlainAuth("", m.User, password, m.Host)); err != nil {
			return fmt.Errorf("sign in to the mail server: %w", err)
		}
	}
	if err := c.Mail(m.From); err != nil {
		return fmt.Errorf("send a mail: %w", err)
	}
	if err := c.Rcpt(to.Address); err != nil {
		return fmt.Errorf("send a mail: %w", err)
	}
	w, err := c.Data()
	if err != nil {
		return fmt.Errorf("send a mail: %w", err)
	}
	_, err = w.Write(m.message(l, to.Address))
	if err = errors.Join(err, w.Close()); err != nil {
		return fmt.Errorf("send a mail: %w", err)
	}
	if err := c.Quit(); err != nil {
		slog.DebugContext(ctx, "the mail server took the letter and did not say goodbye", "err", err)
	}
	return nil
}

// message is the letter as MIME: every word encoded, so that no text can become a header.
func (m mailer) message(l party.Letter, to string) []byte {
	sum := sha256.Sum256([]byte(l.Key))
	_, domain, _ := strings.Cut(m.From, "@")
	var b strings.Builder
	from := mail.Address{Name: m.platform, Address: m.From}
	for _, h := range [][2]string{{"From", from.String()}, {"To", (&mail.Address{Address: to}).String()}, {"Subject", encodeHeader(l.Title)}, {"Date", m.now().Format(time.RFC1123Z)},
		{"Message-ID", "<" + hex.EncodeToString(sum[:16]) + "@" + domain + ">"}, {"Auto-Submitted", "auto-generated"}, {"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"}, {"Content-Transfer-Encoding", "base64"}} {
		b.WriteString(h[0] + ": " + h[1] + "\r\n")
	}
	b.WriteString("\r\n")
	body := base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(strings.ReplaceAll(l.Body, "\r\n", "\n"), "\n", "\r\n") + "\r\n"))
	for len(body) > 76 {
		b.WriteString(body[:76] + "\r\n")
		body = body[76:]
	}
	b.WriteString(body + "\r\n")
	return []byte(b.String())
}

func encodeHeader(s string) string {
	return mime.BEncoding.Encode("utf-8", strings.Join(strings.Fields(s), " "))
}

// byChannel hands each letter to the sender of its channel.
type byChannel map[string]party.Sender

// Send implements party.Sender.
func (b byChannel) Send(ctx context.Context, l party.Letter) error {
	s := b[l.Channel]
	if s == nil {
		return fmt.Errorf("no sender for %q", l.Channel)
	}
	return s.Send(ctx, l)
}

// letters is the sender of this instance: the mail server where one is set; a folder stands in for
// what has no gateway. There is no SMS provider to speak to, so SMS always go to the folder.
func (x *platform) letters() (party.Sender, error) {
	folder := party.Directory{Path: filepath.Join(x.data, "letters")}
	out := byChannel{"mail": folder, "sms": folder}
	server, err := readMailServer(os.Getenv)
	if err != nil || server == nil {
		return out, err
	}
	info := x.cityInfo()
	out["mail"] = mailer{mailServer: *server, platform: info.Name + info.Platform, password: x.mailPassword, now: time.Now}
	return out, nil
}

// sayLetters tells the operator at the start where letters go.
func (x *platform) sayLetters() {
	server, err := readMailServer(os.Getenv)
	switch {
	case err != nil: // rooms has refused it already
	case server == nil:
		slog.Info("no mail server is set (PADO_SMTP): mail is written to the folder letters")
	default:
		slog.Info("mail goes out over TLS", "host", server.Host, "port", server.Port, "from", server.From)
	}
	slog.Info("no SMS provider is connected: SMS are written to the folder letters")
}

const mailSecret = "mail.password"

// mailPassword opens the newest sealed password.
func (x *platform) mailPassword(ctx context.Context) (password string, err error) {
	err = x.db.View(ctx, func(r *store.ReadTx) error {
		var row struct {
			ID     string
			Sealed []byte
		}
		if err := r.Get(&row, `SELECT id, sealed FROM sealed_secret WHERE kind = $1 AND retired IS NULL ORDER BY created DESC, id DESC LIMIT 1`, mailSecret); err != nil {
			return err
		}
		plain, err := secret.Open(x.kek, row.ID, row.Sealed)
		password = string(plain)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return "", errors.New("发信密码尚未封存，请先运行 pado mail password")
	}
	return password, err
}

// keepMailPassword seals a password in place of the one before.
func (x *platform) keepMailPassword(ctx context.Context, password string) error {
	_, err := x.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		n, err := w.Next(mailSecret)
		if err != nil {
			return audit.Entry{}, err
		}
		id := fmt.Sprintf("%s/%06d", mailSecret, n)
		sealed, err := secret.Seal(x.kek, id, []byte(password), w.Rand())
		if err != nil {
			return audit.Entry{}, err
		}
		if _, err := w.Exec(`UPDATE sealed_secret SET retired = $1 WHERE kind = $2 AND retired IS NULL`, store.At(w.Now()), mailSecret); err != nil {
			return audit.Entry{}, err
		}
		return audit.Entry{Type: "key.seal", Actor: "system", Object: id, Action: "seal", Clause: "10.5.1"}, w.PutSecret(id, mailSecret, sealed)
	})
	return err
}

func mailCommand(ctx context.Context, args []string, out io.Writer) error {
	var p place
	var to *string
	begin := func(name string, args []string) (*platform, error) {
		f := flags("mail " + name)
		p.flags(f)
		to = f.String("to", "", "收件邮箱（test）")
		if err := f.Parse(args); err != nil {
			return nil, err
		}
		return assemble(ctx, p)
	}
	return sub(args, map[string]func([]string) error{
		"password": func(args []string) error {
			x, err := begin("password", args)
			if err != nil {
				return err
			}
			defer x.close()
			line, err := bufio.NewReader(os.Stdin).ReadString('\n')
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			if line = strings.TrimRight(line, "\r\n"); line == "" {
				return fmt.Errorf("%w: 请从标准输入给出密码", errUsage)
			}
			if err := x.keepMailPassword(ctx, line); err != nil {
				return err
			}
			fmt.Fprintln(out, "发信密码已封存")
			return sign(ctx, x.db, x.keys)
		},
		"test": func(args []string) error {
			x, err := begin("test", args)
			if err != nil {
				return err
			}
			defer x.close()
			s, err := x.letters()
			if err != nil {
				return err
			}
			if _, real := s.(byChannel)["mail"].(mailer); !real {
				return errors.New("没有设置 PADO_SMTP，邮件写入目录 letters，不会发出")
			}
			once, cancel := context.WithTimeout(ctx, 30*time.Second)
			defer cancel()
			if err := s.Send(once, party.Letter{Key: "test/" + time.Now().Format(time.RFC3339Nano), Channel: "mail", To: *to, Title: "发信测试", Body: "这是一封测试信。"}); err != nil {
				return err
			}
			fmt.Fprintln(out, "测试信已交给发信服务器")
			return nil
		},
	})
}
