package ingest

import (
	"embed"
	"io/fs"

	"pado/domain/governance/ingest/pipeline"
)

//go:embed testdata/pipelines/*.yaml
var examples embed.FS

// Example is a ready declaration with its text.
type Example struct {
	Pipeline *pipeline.Pipeline
	Text     []byte
}

// Examples gives the declarations that come with the platform, by id.
func Examples() (map[string]Example, error) {
	out := map[string]Example{}
	names, err := fs.Glob(examples, "testdata/pipelines/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		b, err := examples.ReadFile(n)
		if err != nil {
			return nil, err
		}
		p, err := pipeline.Decode(b)
		if err != nil {
			return nil, err
		}
		out[p.ID] = Example{p, b}
	}
	return out, nil
}
