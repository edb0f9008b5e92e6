package portal_test

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http/httptest"
	"strings"
	"testing"

	"pado/core/audit"
	"pado/core/store"
)

func (c *city) send(field, name, content string) *httptest.ResponseRecorder {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	var w io.Writer
	var err error
	if name != "" {
		w, err = m.CreateFormFile(field, name)
	} else {
		w, err = m.CreateFormField(field)
	}
	must(c.t, err)
	_, err = io.WriteString(w, content)
	must(c.t, err)
	must(c.t, m.Close())
	r := httptest.NewRequest("POST", "/portal/log/digest", &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return c.do(r)
}

func TestTheDigestOfAFile(t *testing.T) {
	c := open(t)
	c.fill()
	var before int64
	size := func() (n int64) {
		must(t, c.db.View(context.Background(), func(r *store.ReadTx) (err error) { n, err = r.LogSize(); return err }))
		return n
	}
	before = size()
	for name, x := range map[string]struct {
		w      *httptest.ResponseRecorder
		status int
		says   string
	}{
		"a recorded file":        {c.send("file", "全文.pdf", "全文"), 200, "这份文件的摘要登记在日志第"},
		"another file":           {c.send("file", "别的.pdf", "别的"), 200, "没有登记"},
		"a file of the raw zone": {c.send("file", "数据.csv", "raw"), 200, "没有登记"},
		"a hostile name":         {c.send("file", hostile, "x"), 200, "没有登记"},
		"pasted, in capitals":    {c.send("sha256", "", " "+strings.ToUpper(sum("全文"))+"\n"), 200, "记入日期2026年3月2日"},
		"by address":             {c.get("/portal/log/digest?sha256=sha256:" + sum("全文")), 200, "在已签名的日志之中"},
		"terms of a product":     {c.get("/portal/log/digest?sha256=" + strings.Repeat("ab", 32)), 200, "数据产品使用限制条件"},
		"no digest":              {c.get("/portal/log/digest?sha256=abc"), 422, "应为 64 位十六进制数"},
		"nothing":                {c.send("sha256", "", ""), 422, "请选择一个文件"},
		"no file chosen":         {c.send("other", "x", "x"), 422, "请选择一个文件"},
		"too large":              {c.send("file", "大.bin", strings.Repeat("x", 64<<20+1)), 413, "超过 64 MB"},
		"no form":                {c.do(httptest.NewRequest("POST", "/portal/log/digest", strings.NewReader("x"))), 400, "请用本页的表单"},
	} {
		if x.w.Code != x.status || !strings.Contains(x.w.Body.String(), x.says) {
			t.Errorf("%s: %d, without %q", name, x.w.Code, x.says)
		}
		c.strict(name, x.w)
		if strings.HasPrefix(name, "a ") && x.w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept by a cache", name)
		}
	}
	if size() != before {
		t.Error("asking about a file left something behind")
	}
}

func TestAnEntryThatWasChangedIsSaidSo(t *testing.T) {
	c := open(t)
	c.fill()
	c.write(audit.Entry{}, `UPDATE audit_leaf SET public = $1 WHERE seq = 3`, []byte("pado-leaf/1 test\n{}"))
	body := c.get("/portal/log/3").Body.String()
	if !strings.Contains(body, "与已签名的检查点不符") || strings.Contains(body, "没有被改动") {
		t.Error("a changed leaf passes")
	}
	if body = c.get("/portal/log/4").Body.String(); !strings.Contains(body, "没有被改动") {
		t.Error("its neighbour does not")
	}
}
