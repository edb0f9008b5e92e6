package portal

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"pado/core/audit"
	"pado/core/audit/verify"
	"pado/core/procedure"
	"pado/core/store"
)

func (p *Portal) check(r *http.Request, v *view) error {
	v.Template, v.Title = "verify", "编号核验"
	no := strings.TrimSpace(r.PathValue("no"))
	if no == "" {
		no = strings.TrimSpace(r.URL.Query().Get("no"))
	}
	if no == "" {
		return nil
	}
	v.Q, v.Asked = no, true
	if len(no) > 120 {
		v.Q = ""
		return nil
	}
	return p.read(r.Context(), func(tx *store.ReadTx) error {
		proof, err := p.Verify(tx, no)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		v.Proof = proof
		return err
	})
}

// evidence is what was checked of one entry, for people. Every field that says that something
// holds was computed for this answer; none is taken from a record.
type evidence struct {
	Seq                int64
	At                 store.Time
	Coarse             string // what the public leaf says it is about
	Size               int64  // of the checkpoint that covers it; 0 = none does yet
	Signed             store.Time
	Root256, RootSM3   string // of both trees, in hexadecimal
	Path256, PathSM3   int    // hashes in the proofs
	Key256, KeySM3     string // names of the keys that signed
	Holds256, HoldsSM3 bool   // path leads to the root, and the root is signed
	Leaf               string // SHA-256 of the leaf, in hexadecimal
	For                *procedure.Proof
}

// Holds: entry, both paths and both signatures fit together.
func (e *evidence) Holds() bool { return e.Size > 0 && e.Holds256 && e.HoldsSM3 }

// coarseNames are the coarse types of entries in Chinese.
var coarseNames = map[string]string{"case": "事项办理", "file": "附件", "session": "登录与会话", "identity": "账号", "account": "账号", "audit": "日志查阅", "register": "台账", "product": "数据产品",
	"catalogue": "资源目录", "governance": "数据治理", "sandbox": "安全沙箱", "permit": "使用许可", "agreement": "授权协议", "tariff": "收费标准", "pricing": "收费标准", "ledger": "账务", "settlement": "结算",
	"order": "订单", "gateway": "接口调用", "key": "密钥", "party": "单位与人员", "org": "单位", "member": "岗位", "message": "消息", "job": "后台作业", "genesis": "日志起始", "procedure": "事项", "parameter": "参数",
	"development": "开发利用", "usage": "用量"}

// log is the page of the log; with a number it is the proof of one entry in words.
func (p *Portal) log(r *http.Request, v *view) error {
	v.Template, v.Title = "log", "日志与文件核验"
	ask := strings.TrimSpace(r.PathValue("seq"))
	if ask == "" {
		ask = strings.TrimSpace(r.URL.Query().Get("n"))
	}
	v.Q = ask
	if len(ask) > 120 {
		v.Q, v.Say = "", "没有查到：编号过长。"
		return nil
	}
	return p.read(r.Context(), func(tx *store.ReadTx) (err error) {
		if v.Checkpoint, err = tx.LatestCheckpoint(); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if ask == "" {
			return nil
		}
		seq, number := int64(0), (*procedure.Proof)(nil)
		if seq, err = strconv.ParseInt(ask, 10, 64); err != nil || seq < 0 {
			if number, err = p.Verify(tx, ask); errors.Is(err, store.ErrNotFound) {
				v.Say = "没有查到“" + ask + "”。请填写日志条目的序号（数字），或者事项编号、文号、登记编码。"
				return nil
			}
			if err != nil {
				return err
			}
			if seq = number.Seq; seq < 0 {
				v.Say = "编号“" + ask + "”真实，但没有单独的日志条目。"
				return nil
			}
		}
		v.Entry, err = prove(tx, seq)
		if errors.Is(err, store.ErrNotFound) {
			v.Say = "日志中没有第 " + strconv.FormatInt(seq, 10) + " 条。"
			return nil
		}
		if err == nil {
			v.Entry.For = number
			v.Title = "日志第 " + strconv.FormatInt(seq, 10) + " 条的证明"
		}
		return err
	})
}

// prove checks that an entry is in the newest signed state of both trees, with the verifier that
// shares no code with the writer. store.ErrNotFound when there is no such entry.
func prove(tx *store.ReadTx, seq int64) (*evidence, error) {
	leaf, err := tx.Leaf(seq)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(leaf.Public)
	e := &evidence{Seq: seq, At: leaf.At, Coarse: coarseOf(leaf.Public), Leaf: hex.EncodeToString(sum[:])}
	cp, err := tx.LatestCheckpoint()
	if errors.Is(err, store.ErrNotFound) || err == nil && seq >= cp.Size {
		return e, nil
	}
	if err != nil {
		return nil, err
	}
	keys, err := keysAt(tx, cp.Size)
	if err != nil {
		return nil, err
	}
	e.Size, e.Signed = cp.Size, cp.At
	e.Root256, e.RootSM3 = noteRoot(cp.Note), noteRoot(cp.NoteSm)
	e.Key256, _, _ = strings.Cut(keys.Ed25519, "+")
	e.KeySM3, _, _ = strings.Cut(keys.SM2, "+")
	for _, t := range []struct {
		tree  audit.Tree
		note  []byte
		key   string
		n     *int
		holds *bool
	}{{audit.SHA256, cp.Note, keys.Ed25519, &e.Path256, &e.Holds256}, {audit.SM3, cp.NoteSm, keys.SM2, &e.PathSM3, &e.HoldsSM3}} {
		path, err := audit.Inclusion(store.LogReader{ReadTx: tx}, t.tree, seq, cp.Size)
		if err != nil {
			return nil, err
		}
		*t.n = len(path)
		_, err = verify.CheckReceipt(leaf.Public, audit.WriteProof(t.tree, seq, path, t.note), t.key)
		*t.holds = err == nil
		if err != nil {
			slog.Error("an entry of the log does not verify", "seq", seq, "tree", t.tree, "err", err)
		}
	}
	return e, nil
}

// keysAt are the keys that sign a checkpoint of a size: the first ones, or those of the last
// rotation the checkpoint counts. A rotation that does not verify is an error.
func keysAt(tx *store.ReadTx, size int64) (keys audit.PublicKeys, err error) {
	var entries []struct{ Body []byte }
	if err := tx.Select(&entries, `SELECT body FROM audit_leaf WHERE type IN ('genesis', 'key.rotation') AND seq < $1 ORDER BY seq`, size); err != nil {
		return keys, err
	}
	for i, x := range entries {
		rec, err := audit.ParseBody(x.Body)
		if err != nil {
			return keys, fmt.Errorf("read the keys of the log: %w", err)
		}
		if i == 0 {
			keys = audit.PublicKeys{Ed25519: rec.Detail[audit.DetailEd25519], SM2: rec.Detail[audit.DetailSM2]}
			continue
		}
		before, after, err := audit.CheckRotation(rec.Detail)
		if err != nil {
			return keys, err
		}
		if before != keys {
			return keys, errors.New("a rotation does not follow from the keys before it")
		}
		keys = after
	}
	return keys, nil
}

// noteRoot is the root hash a checkpoint states, in hexadecimal.
func noteRoot(note []byte) string {
	lines := strings.SplitN(string(note), "\n", 4)
	if len(lines) < 3 {
		return ""
	}
	b, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil {
		return ""
	}
	return hex.EncodeToString(b)
}

func coarseOf(public []byte) string {
	first, _, _ := strings.Cut(string(public), "\n")
	_, kind, _ := strings.Cut(first, " ")
	if name := coarseNames[kind]; name != "" {
		return name
	}
	return kind
}

// digestPage is the answer to a digest: of a file that was sent, or pasted.
type digestPage struct {
	Sum, File string
	Size      int64
	Found     *Recorded
}

const (
	maxUploads   = 4        // files whose digest is computed at the same time
	maxDigested  = 64 << 20 // bytes of a file
	uploadWithin = 2 * time.Minute
)

// digest tells whether the digest of a file is in the log. A file that is sent is read once to
// compute its digest and kept nowhere.
func (p *Portal) digest(r *http.Request, v *view) error {
	v.Template, v.Title = "digest", "文件摘要核验"
	d := &digestPage{}
	v.Digest = d
	if r.Method == http.MethodPost {
		if say, status := p.sum(r, v, d); say != "" {
			v.Say, v.Status = say, status
			return nil
		}
	} else {
		d.Sum = r.URL.Query().Get("sha256")
	}
	d.Sum = strings.ToLower(strings.Join(strings.Fields(strings.TrimPrefix(strings.ToLower(d.Sum), "sha256:")), ""))
	if d.Sum == "" {
		return nil
	}
	v.Asked = true
	if b, err := hex.DecodeString(d.Sum); err != nil || len(b) != sha256.Size {
		d.Sum, v.Asked, v.Say, v.Status = "", false, "SHA-256 摘要应为 64 位十六进制数（0–9、a–f），请核对后再填。", http.StatusUnprocessableEntity
		return nil
	}
	return p.read(r.Context(), func(tx *store.ReadTx) error {
		found, err := p.Recorded(tx, d.Sum)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		d.Found = &found
		v.Entry, err = prove(tx, found.Seq)
		return err
	})
}

// send receives a form with a file: within a time and a size, so that nobody holds a place for long.
func (p *Portal) send(w http.ResponseWriter, r *http.Request) {
	// What cannot set a deadline has none to set: a recorder of a test.
	http.NewResponseController(w).SetReadDeadline(p.Engine.DB().Wall().Add(uploadWithin)) //nolint:errcheck
	r.Body = http.MaxBytesReader(w, r.Body, maxDigested+1<<20)
	p.page(p.digest)(w, r)
}

// sum reads a form that was sent: a file, whose digest is computed as it passes, or a digest.
// What it says is why not.
func (p *Portal) sum(r *http.Request, v *view, d *digestPage) (say string, status int) {
	select {
	case p.upload <- struct{}{}:
		defer func() { <-p.upload }()
	default:
		v.Header.Set("Retry-After", "30")
		return "正在核验的文件较多，请稍候再试；也可以在本机算出摘要后粘贴。", http.StatusServiceUnavailable
	}
	tooLarge := "文件超过 64 MB，请在本机算出 SHA-256 摘要后粘贴。"
	if r.ContentLength > maxDigested+1<<20 {
		return tooLarge, http.StatusRequestEntityTooLarge
	}
	form, err := r.MultipartReader()
	if err != nil {
		return "提交的内容格式不正确，请用本页的表单提交。", http.StatusBadRequest
	}
	for range 8 {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "没有收到完整的文件，请重试。", http.StatusBadRequest
		}
		switch part.FormName() {
		case "sha256":
			b, err := io.ReadAll(io.LimitReader(part, 200))
			if err != nil {
				return "没有收到完整的内容，请重试。", http.StatusBadRequest
			}
			d.Sum = string(b)
		case "file":
			if part.FileName() == "" {
				continue
			}
			h := sha256.New()
			n, err := io.Copy(h, io.LimitReader(part, maxDigested+1))
			if err != nil {
				return "没有收到完整的文件，请重试。", http.StatusBadRequest
			}
			if n > maxDigested {
				return tooLarge, http.StatusRequestEntityTooLarge
			}
			d.File, d.Size, d.Sum = part.FileName(), n, hex.EncodeToString(h.Sum(nil))
			return "", 0
		}
	}
	if strings.TrimSpace(d.Sum) == "" {
		return "请选择一个文件，或者填写 SHA-256 摘要。", http.StatusUnprocessableEntity
	}
	return "", 0
}
