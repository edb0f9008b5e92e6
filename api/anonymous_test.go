package api_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// untouched is a body that nobody may begin to read.
type untouched struct{ t *testing.T }

func (u untouched) Read([]byte) (int, error) {
	u.t.Error("the body of a stranger is read")
	return 0, http.ErrBodyReadAfterClose
}

func (untouched) Close() error { return nil }

// Large bodies have no limit of time, and are held in memory: nobody who is not signed in gets so far.
func TestAStrangersLargeBodyIsNotRead(t *testing.T) {
	o := openOffice(t)
	for path, method := range map[string]string{"/api/attachments": http.MethodPost, "/api/push/jr-1?name=a.csv": http.MethodPost, "/api/uploads/up-1/parts/0": http.MethodPut} {
		r := httptest.NewRequest(method, path, untouched{t})
		r.ContentLength = 64 << 20
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		r.Header.Set("X-Pado", "1")
		w := httptest.NewRecorder()
		o.api.ServeHTTP(w, r)
		// An office without the rooms of hookups has no such address to tell of.
		if w.Code != http.StatusUnauthorized && (w.Code != http.StatusNotFound || path == "/api/attachments") {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
