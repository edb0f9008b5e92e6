package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

var built = fstest.MapFS{
	"index.html":       {Data: []byte(`<meta name="pado-base" content="/app/"><script src="./assets/main-1.js"></script>`)},
	"assets/main-1.js": {Data: []byte(`export {}`)},
	".keep":            {Data: nil},
}

func TestHandler(t *testing.T) {
	cases := []struct {
		name, base, method, path string
		status                   int
		cache, body              string
	}{
		{"the page", "/app/", "GET", "/app/", 200, "no-cache", `"/app/assets/main-1.js"`},
		{"a deep link", "/app/", "GET", "/app/cases/SZ-1", 200, "no-cache", `content="/app/"`},
		{"a deep link with a dot", "/app/", "GET", "/app/registers/a.b", 200, "no-cache", "pado-base"},
		{"missing slash", "/app", "GET", "/app", 301, "", ""},
		{"an asset", "/app/", "GET", "/app/assets/main-1.js", 200, immutable, "export"},
		{"an unknown asset is no page", "/app/", "GET", "/app/assets/gone.js", 404, "", ""},
		{"no listing", "/app/", "GET", "/app/assets/", 404, "", ""},
		{"no escape", "/app/", "GET", "/app/assets/../index.html", 404, "", ""},
		{"outside", "/app/", "GET", "/other", 404, "", ""},
		{"another base", "/x/y/", "GET", "/x/y/work", 200, "no-cache", `"/x/y/assets/main-1.js"`},
		{"base root", "/", "GET", "/work", 200, "no-cache", `content="/"`},
		{"never for the API", "/", "GET", "/api/nothing", 404, "", ""},
		{"never for the log", "/", "GET", "/log/checkpoint", 404, "", ""},
		{"never for the open feeds", "/", "GET", "/open/catalog", 404, "", ""},
		{"never for the portal", "/", "GET", "/portal", 404, "", ""},
		{"a word that only starts so", "/", "GET", "/apiary", 200, "no-cache", ""},
		{"no writes", "/app/", "POST", "/app/", 405, "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			handler(built, c.base).ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
			if w.Code != c.status {
				t.Fatalf("%s %s: status %d, want %d", c.method, c.path, w.Code, c.status)
			}
			if got := w.Header().Get("Cache-Control"); c.cache != "" && got != c.cache {
				t.Errorf("Cache-Control %q, want %q", got, c.cache)
			}
			if !strings.Contains(w.Body.String(), c.body) {
				t.Errorf("body %q does not hold %q", w.Body.String(), c.body)
			}
		})
	}
}

func TestPagePolicy(t *testing.T) {
	w := httptest.NewRecorder()
	handler(built, "/app/").ServeHTTP(w, httptest.NewRequest("GET", "/app/", nil))
	csp := w.Header().Get("Content-Security-Policy")
	if !strings.Contains(csp, "script-src 'self';") {
		t.Errorf("scripts are not held to this origin: %q", csp)
	}
}

func TestUnbuiltSaysSo(t *testing.T) {
	w := httptest.NewRecorder()
	handler(fstest.MapFS{".keep": {}}, "/app/").ServeHTTP(w, httptest.NewRequest("GET", "/app/work", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "尚未") {
		t.Errorf("got %d %q", w.Code, w.Body.String())
	}
}

func TestEmbeddedFolderExists(t *testing.T) {
	w := httptest.NewRecorder()
	Handler("/app/").ServeHTTP(w, httptest.NewRequest("GET", "/app/", nil))
	if w.Code != http.StatusOK && w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d", w.Code)
	}
}
