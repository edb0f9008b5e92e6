package main

import (
	"context"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"pado/core/store"
)

// metrics serves /metrics and counts requests by route and status. No label ever holds a value
// of a request: routes are the declared patterns.
func (x *platform) metrics(next *http.ServeMux) http.Handler {
	reg := prometheus.NewRegistry()
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pado_http_requests_total", Help: "Answers by route and status."}, []string{"route", "status"})
	reg.MustRegister(requests, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "pado_read_only", Help: "1 while the records take no writes."}, func() float64 {
			if x.db.ReadOnly() {
				return 1
			}
			return 0
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "pado_log_entries", Help: "Entries committed to the log."}, func() float64 {
			var n int64
			if err := x.db.View(context.Background(), func(r *store.ReadTx) (err error) { n, err = r.LogSize(); return err }); err != nil {
				return -1
			}
			return float64(n)
		}))
	next.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(s, r)
		_, route := next.Handler(r)
		requests.WithLabelValues(route, strconv.Itoa(s.status)).Inc()
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (s *statusWriter) WriteHeader(code int) { s.status = code; s.ResponseWriter.WriteHeader(code) }

// Unwrap lets the standard library reach the connection.
func (s *statusWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }
