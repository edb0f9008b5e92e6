package journal

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// BenchmarkAppend prints durable records per raw fdatasync of the same disk in
// the same run, at 1, 64 and 512 writers with 250-byte records.
func BenchmarkAppend(b *testing.B) {
	for _, bench := range []struct {
		name    string
		writers int
	}{{"1", 1}, {"64", 64}, {"512", 512}} {
		b.Run(bench.name, func(b *testing.B) {
			raw := rawSync(b)
			j, err := Open(Options{Dir: b.TempDir(), Node: "g1", Now: time.Now})
			if err != nil {
				b.Fatal(err)
			}
			defer j.Close()
			payload := make([]byte, 250)
			b.ResetTimer()
			var wg sync.WaitGroup
			for w := range bench.writers {
				wg.Go(func() {
					for i := w; i < b.N; i += bench.writers {
						if _, err := j.Append(context.Background(), payload); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			per := b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(float64(raw)/float64(max(per, 1)), "records/fdatasync")
		})
	}
}

// rawSync is the time of one 250-byte overwrite and fdatasync in a prewritten file.
func rawSync(b *testing.B) time.Duration {
	f, err := openOS(filepath.Join(b.TempDir(), "raw"), os.O_CREATE|os.O_RDWR)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if err := prewrite(f, 0, 4<<20); err != nil {
		b.Fatal(err)
	}
	const n = 500
	payload := make([]byte, 250)
	start := time.Now()
	for i := range n {
		if _, err := f.WriteAt(payload, int64(i*len(payload))); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start) / n
}
