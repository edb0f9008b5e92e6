package gatewayhttp_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pado/api/gatewayhttp"
	"pado/domain/gateway"
	"pado/domain/gateway/gatewaytest"
)

// BenchmarkRatio sends the same signed requests, signed beforehand, over 64
// keep-alive connections to a minimal net/http handler with an answer of equal
// size and to this face with signature, nonce, decision, quota and durable
// journal, in turns, and prints the ratio of their requests per second. The
// client shares the machine.
func BenchmarkRatio(b *testing.B) {
	const connections = 64
	f := serveUnlimited(b)
	first, body := do(b, f.heat("county=140603&limit=2"))
	if first.StatusCode != 200 {
		b.Fatal(body)
	}
	minimal := listen(b, gatewayhttp.Server(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		io.WriteString(w, body)
	})))
	n := max(b.N, connections)
	requests := make([][]byte, n)
	var took [2]time.Duration
	for range 2 { // one warm-up turn each
		for i := range requests {
			requests[i] = f.raw()
		}
		took[0] = pour(b, minimal, requests, connections)
		took[1] = pour(b, f.url, requests, connections)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(took[0])/float64(took[1]), "x_minimal_net/http")
	b.ReportMetric(float64(took[1].Nanoseconds())/float64(n), "ns/call")
}

func serveUnlimited(t testing.TB) *face {
	w := gatewaytest.New(t)
	k := *w.Snapshot.Keys[gatewaytest.HeatKey]
	k.Rate = gateway.Rate{Calls: 1 << 30, Per: time.Second, Burst: 1 << 30}
	w.Snapshot.Keys[k.ID] = &k
	o := *w.Snapshot.Orders["O-HEAT"]
	o.Quota = []gateway.Allowance{{Period: "total", Calls: 1 << 40}}
	w.Snapshot.Orders[o.ID] = &o
	w.Publish(t)
	f := &face{World: w, gateway: w.OpenSized(t, t.TempDir(), 64<<20)}
	f.url = listen(t, gatewayhttp.Server(gatewayhttp.New(gatewayhttp.Config{
		Gateway: f.gateway, Feed: w.Feed, Business: w.Business, Real: w.Real,
	})))
	return f
}

func (f *face) raw() []byte {
	r := f.Request(gatewaytest.HeatKey, gatewaytest.Heat, "county=140603&limit=2", nil)
	return fmt.Appendf(nil, "GET %s?%s HTTP/1.1\r\nHost: pado\r\nX-Pado-Key: %s\r\nX-Pado-Time: %s\r\nX-Pado-Nonce: %s\r\nX-Pado-Signature: %s\r\n\r\n",
		r.Path, r.RawQuery, r.Key, r.Time, r.Nonce, r.Signature)
}

// pour sends the requests over some connections, one after the other on each.
func pour(b *testing.B, url string, requests [][]byte, connections int) time.Duration {
	var next atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range connections {
		wg.Go(func() {
			c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
			if err != nil {
				b.Error(err)
				return
			}
			defer c.Close()
			in := bufio.NewReader(c)
			for {
				i := next.Add(1) - 1
				if i >= int64(len(requests)) {
					return
				}
				if _, err := c.Write(requests[i]); err != nil {
					b.Error(err)
					return
				}
				if err := skipAnswer(in); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

func skipAnswer(in *bufio.Reader) error {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.Contains(line, []byte(" 200 ")) {
		return fmt.Errorf("%s", line)
	}
	length := 0
	for {
		if line, err = in.ReadSlice('\n'); err != nil {
			return err
		}
		if len(line) == 2 {
			break
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(v))); err != nil {
				return err
			}
		}
	}
	_, err = in.Discard(length)
	return err
}
