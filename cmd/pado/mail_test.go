package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"mime"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/party"
)

// postOffice is a mail server of a test: one connection at a time, on a port of its own.
type postOffice struct {
	t              *testing.T
	listener       net.Listener
	cert           tls.Certificate
	pool           *x509.CertPool
	implicit, bare bool // TLS from the first byte; no TLS at all
	password       string
	got            chan []string // what the client said; the message as the last line
}

func openPostOffice(t *testing.T, implicit, bare bool) *postOffice {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ok(t, err)
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.test"}, DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	ok(t, err)
	parsed, err := x509.ParseCertificate(der)
	ok(t, err)
	p := &postOffice{t: t, implicit: implicit, bare: bare, password: "right", got: make(chan []string, 4), cert: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool: x509.NewCertPool()}
	p.pool.AddCert(parsed)
	p.listener, err = net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	t.Cleanup(func() { p.listener.Close() })
	go func() {
		for {
			c, err := p.listener.Accept()
			if err != nil {
				return
			}
			p.got <- p.serve(c)
		}
	}()
	return p
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// serve speaks as much SMTP as one letter needs and returns what it heard.
func (p *postOffice) serve(c net.Conn) (heard []string) {
	defer func() { c.Close() }()
	config := &tls.Config{Certificates: []tls.Certificate{p.cert}, MinVersion: tls.VersionTLS12}
	secure := false
	if p.implicit {
		c, secure = tls.Server(c, config), true
	}
	r := bufio.NewReader(c)
	say := func(s string) { io.WriteString(c, s+"\r\n") } //nolint:errcheck // the client is gone
	say("220 mail.test")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return heard
		}
		line = strings.TrimRight(line, "\r\n")
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			switch {
			case secure:
				say("250-mail.test\r\n250 AUTH PLAIN")
			case p.bare:
				say("250 mail.test")
			default:
				say("250-mail.test\r\n250 STARTTLS")
			}
			continue
		case "STARTTLS":
			say("220 go")
			c, secure = tls.Server(c, config), true
			r = bufio.NewReader(c)
			continue
		case "AUTH":
			_, given, _ := strings.Cut(rest, " ")
			plain, err := base64.StdEncoding.DecodeString(given)
			if err != nil || string(plain) != "\x00post@city.test\x00"+p.password {
				heard = append(heard, "refused")
				say("535 no")
				continue
			}
			say("235 yes")
		case "DATA":
			say("354 go on")
			var b strings.Builder
			for {
				l, err := r.ReadString('\n')
				if err != nil {
					return heard
				}
				if l == ".\r\n" {
					break
				}
				b.WriteString(strings.TrimPrefix(l, "."))
			}
			heard = append(heard, b.String())
			say("250 taken")
			continue
		case "QUIT":
			say("221 bye")
			return heard
		case "RCPT":
			if strings.Contains(rest, "unknown@") {
				say("550 nobody")
				continue
			}
			say("250 ok")
		default:
			say("250 ok")
		}
		heard = append(heard, line)
	}
}

func (p *postOffice) mailer(password string) mailer {
	_, port, err := net.SplitHostPort(p.listener.Addr().String())
	ok(p.t, err)
	m := mailer{mailServer: mailServer{Host: "localhost", Port: port, User: "post@city.test", From: "post@city.test", Implicit: p.implicit}, platform: "朔州市公共数据授权运营平台",
		tls: &tls.Config{RootCAs: p.pool, MinVersion: tls.VersionTLS12}, now: func() time.Time { return storetest.Start },
		password: func(context.Context) (string, error) { return password, nil }}
	return m
}

var letter = party.Letter{Key: "case/CE-1/p1", Channel: "mail", To: "li@example.cn", Title: "待办：审核需求\r\nBcc: x@example.cn", Body: "您有一件待办。\n.\n请登录办理：" + strings.Repeat("很长", 100)}

func TestALetterGoesOutOverTLS(t *testing.T) {
	for name, implicit := range map[string]bool{"TLS from the first byte": true, "STARTTLS": false} {
		p := openPostOffice(t, implicit, false)
		ok(t, p.mailer("right").Send(context.Background(), letter))
		heard := strings.Join(<-p.got, "\n")
		_, text, found := strings.Cut(heard, "DATA\n")
		if !found {
			text = heard[strings.Index(heard, "From: "):]
		}
		if !strings.Contains(heard, "MAIL FROM:<post@city.test>") || !strings.Contains(heard, "RCPT TO:<li@example.cn>") {
			t.Errorf("%s: %s", name, heard)
		}
		m, err := mail.ReadMessage(strings.NewReader(text))
		ok(t, err)
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		ok(t, err)
		body, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, m.Body))
		ok(t, err)
		if subject != "待办：审核需求 Bcc: x@example.cn" || m.Header.Get("Bcc") != "" {
			t.Errorf("%s: subject %q, header %v", name, subject, m.Header)
		}
		if strings.ReplaceAll(strings.TrimSpace(string(body)), "\r\n", "\n") != letter.Body {
			t.Errorf("%s: body %q", name, body)
		}
		id := m.Header.Get("Message-ID")
		if id == "" || !strings.Contains(id, "@city.test>") || id != messageID(t, p, letter) || id == messageID(t, p, party.Letter{Key: "other"}) {
			t.Errorf("%s: message id %q does not follow from the letter's key", name, id)
		}
		for _, line := range strings.Split(text, "\r\n") {
			if len(line) > 998 {
				t.Errorf("%s: a line of %d", name, len(line))
			}
		}
	}
}

func messageID(t *testing.T, p *postOffice, l party.Letter) string {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(p.mailer("").message(l, "a@b.cn")))
	ok(t, err)
	return m.Header.Get("Message-ID")
}

func TestWhatTheMailServerRefuses(t *testing.T) {
	bare := openPostOffice(t, false, true)
	if err := bare.mailer("right").Send(context.Background(), letter); err == nil || !strings.Contains(err.Error(), "no TLS") {
		t.Errorf("a server without TLS: %v", err)
	}
	if heard := <-bare.got; len(heard) != 0 {
		t.Errorf("a server without TLS heard %q", heard)
	}
	p := openPostOffice(t, true, false)
	if err := p.mailer("wrong").Send(context.Background(), letter); err == nil || strings.Contains(err.Error(), "wrong") {
		t.Errorf("a wrong password: %v", err)
	}
	<-p.got
	stranger := p.mailer("right")
	stranger.tls = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	if err := stranger.Send(context.Background(), letter); err == nil {
		t.Error("a certificate nobody signed is accepted")
	}
	<-p.got
	unknown := letter
	unknown.To = "unknown@example.cn"
	if err := p.mailer("right").Send(context.Background(), unknown); err == nil {
		t.Error("an unknown recipient is accepted")
	}
	<-p.got
	unknown.To = "a@b.cn>\r\nRCPT TO:<c@d.cn"
	if err := p.mailer("right").Send(context.Background(), unknown); err == nil {
		t.Error("an address with a line break is accepted")
	}
}

func TestTheMailSetting(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "none",
		"smtps://post@mail.city.cn:465": "mail.city.cn 465 true",
		"smtp://post@mail.city.cn":      "mail.city.cn 587 false",
		"smtps://post:secret@mail.cn":   "不能带密码",
		"http://mail.cn":                "须以",
		"mail.cn":                       "应写作",
		"smtps://":                      "应写作",
	} {
		s, err := readMailServer(func(k string) string {
			return map[string]string{"PADO_SMTP": text, "PADO_SMTP_FROM": "平台 <post@city.cn>"}[k]
		})
		got := "none"
		if err != nil {
			got = err.Error()
		} else if s != nil {
			got = s.Host + " " + s.Port + " " + map[bool]string{true: "true", false: "false"}[s.Implicit]
			if s.From != "post@city.cn" {
				t.Errorf("from %q", s.From)
			}
		}
		if !strings.Contains(got, want) {
			t.Errorf("%q: %s", text, got)
		}
	}
	if _, err := readMailServer(func(k string) string { return map[string]string{"PADO_SMTP": "smtps://post@mail.cn"}[k] }); err == nil {
		t.Error("a user that is no address is taken as the sender")
	}
}

func TestTheMailPasswordIsSealed(t *testing.T) {
	db := storetest.Open(t, store.SQLite, nil)
	x := &platform{db: db, kek: bytes.Repeat([]byte{7}, 32)}
	ctx := context.Background()
	if _, err := x.mailPassword(ctx); err == nil {
		t.Error("there is a password before one was given")
	}
	for _, password := range []string{"first-secret", "second-secret"} {
		ok(t, x.keepMailPassword(ctx, password))
		if got, err := x.mailPassword(ctx); err != nil || got != password {
			t.Errorf("%q %v", got, err)
		}
	}
	ok(t, db.View(ctx, func(r *store.ReadTx) error {
		var rows []struct{ Sealed []byte }
		if err := r.Select(&rows, `SELECT sealed FROM sealed_secret`); err != nil {
			return err
		}
		for _, row := range rows {
			if bytes.Contains(row.Sealed, []byte("secret")) {
				t.Error("the password is on record in the open")
			}
		}
		var n int
		if err := r.Get(&n, `SELECT COUNT(*) FROM sealed_secret WHERE kind = 'mail.password' AND retired IS NULL`); err != nil || n != 1 {
			return errors.Join(err, errors.New("not exactly one password is in use"))
		}
		var leaves []store.Leaf
		leaves, err := r.Leaves(0, 100)
		for _, l := range leaves {
			if bytes.Contains(l.Body, []byte("second-secret")) {
				t.Error("the password is in the log")
			}
		}
		return err
	}))
}

func TestWithoutAServerTheFolderStandsIn(t *testing.T) {
	t.Setenv("PADO_SMTP", "")
	x := &platform{place: place{data: t.TempDir()}, city: "140600"}
	s, err := x.letters()
	ok(t, err)
	for _, channel := range []string{"mail", "sms"} {
		l := letter
		l.Channel, l.Key = channel, channel
		ok(t, s.Send(context.Background(), l))
		if _, err := os.Stat(filepath.Join(x.data, "letters", channel+".json")); err != nil {
			t.Errorf("%s: %v", channel, err)
		}
	}
	if err := s.Send(context.Background(), party.Letter{Channel: "fax"}); err == nil {
		t.Error("a channel nobody serves takes letters")
	}
	t.Setenv("PADO_SMTP", "smtps://post@mail.city.cn")
	t.Setenv("PADO_SMTP_FROM", "post@city.cn")
	if s, err = x.letters(); err != nil {
		t.Fatal(err)
	}
	if _, real := s.(byChannel)["mail"].(mailer); !real {
		t.Error("the mail server that is set is not used")
	}
}
