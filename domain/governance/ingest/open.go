package ingest

import (
	"context"
	"io"

	"pado/domain/governance/ingest/engine"
	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/ingest/read"
)

// parquetLimit bounds a Parquet file, which is read from memory.
const parquetLimit = 1 << 30

// openRows picks the reader of the source's kind. f is closed with the rows,
// or when this fails.
func openRows(ctx context.Context, f io.ReadCloser, s *pipeline.Source, e read.Encoding) (rows read.Rows, err error) {
	if f, err = unpack(f, s); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	switch kind := read.Kind(s.Kind); kind {
	case read.KindCSV:
		return read.NewCSV(f, s.CSVDialect(e))
	case read.KindJSONL:
		var names []string
		for _, c := range s.Columns {
			names = append(names, c.Name)
		}
		return read.NewJSONL(f, names, s.Extra == "ignore", s.Missing)
	case read.KindParquet:
		return engine.OpenParquet(ctx, f, parquetLimit, s.Missing)
	default:
		b, err := read.OpenBook(f, kind, read.DefaultLimits)
		if err != nil {
			return nil, err
		}
		return b.Rows(s.Sheet, s.Merged == "fill", s.Missing)
	}
}

// unpack gives the table's bytes: the file's own, or those of a file in it.
func unpack(f io.ReadCloser, s *pipeline.Source) (io.ReadCloser, error) {
	if s.Archive == "" {
		return f, nil
	}
	a, err := read.OpenZip(f, read.DefaultLimits)
	if err != nil {
		return nil, err
	}
	name, err := a.Find(s.Entry)
	if err != nil {
		return nil, err
	}
	return a.Open(name)
}

// judgeEncoding tells the encoding of a text table, unpacked if need be.
func judgeEncoding(f io.ReadCloser, s *pipeline.Source) (read.Encoding, error) {
	f, err := unpack(f, s)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return read.Judge(f)
}
