// Package web carries the built pages of the back office and serves them.
//
// It owns the React source beside this file and the folder dist that the build
// fills. It owns no rule and no datum: every label, form and permitted act is
// read by the pages from the API.
package web

import (
	"bytes"
	"embed"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed all:dist
var dist embed.FS

// policy is the content policy of the page. Scripts come from this origin only;
// the component library writes its styles at run time, so inline styles are let in.
const policy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; object-src 'none'; " +
	"base-uri 'self'; form-action 'self'; frame-ancestors 'none'"

// immutable is said of assets/*, whose names carry a digest of their content.
const immutable = "public, max-age=31536000, immutable"

// foreign are the first path segments that belong to other faces of the binary.
// A page must never stand in for them, not even when base is "/".
var foreign = []string{"api", "log", "open", "portal", "metrics"}

// unbuilt is shown when the binary was built before the pages were.
const unbuilt = `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>页面尚未构建</title>` +
	`<p>此程序构建时未包含管理页面。请先构建 web 目录，再重新构建程序。</p></html>`

// Handler serves the pages under base, an absolute path such as "/app/" (a
// missing slash at either end is added). Requests arrive with their full path.
//
//   - base+"assets/…" is a built file, cached for ever; an unknown one is 404.
//   - any other path below base is index.html, never cached, because the router
//     in the browser decides what a deep link shows.
//   - anything outside base, and /api, /log, /open, /portal and /metrics even
//     when base is "/", is 404: a caller of the API never gets a page.
//   - methods other than GET and HEAD are 405.
//
// The index is rewritten once, here, so that the same build serves any base.
// When dist was empty at build time every page is 503 with a sentence.
func Handler(base string) http.Handler {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		files = dist
	}
	return handler(files, base)
}

func handler(files fs.FS, base string) http.Handler {
	base = "/" + strings.Trim(base, "/") + "/"
	if base == "//" {
		base = "/"
	}
	index, err := fs.ReadFile(files, "index.html")
	built := err == nil
	if built {
		index = bytes.ReplaceAll(index, []byte(`"./assets/`), []byte(`"`+base+`assets/`))
		index = bytes.ReplaceAll(index, []byte(`name="pado-base" content="/app/"`), []byte(`name="pado-base" content="`+base+`"`))
	}
	assets := http.StripPrefix(base, http.FileServerFS(files))

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, inside := strings.CutPrefix(r.URL.Path, base)
		if r.URL.Path+"/" == base {
			http.Redirect(w, r, base, http.StatusMovedPermanently)
			return
		}
		if !inside || isForeign(r.URL.Path) {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if strings.HasPrefix(rest, "assets/") {
			if info, err := fs.Stat(files, rest); err != nil || info.IsDir() { // a path that is not clean is an error too
				http.NotFound(w, r)
				return
			}
			w.Header().Set("Cache-Control", immutable)
			assets.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Referrer-Policy", "same-origin")
		if !built {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(unbuilt))
			return
		}
		_, _ = w.Write(index)
	})
}

func isForeign(p string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(p, "/"), "/")
	for _, f := range foreign {
		if first == f {
			return true
		}
	}
	return false
}
