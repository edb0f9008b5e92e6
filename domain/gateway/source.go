package gateway

import (
	"context"
	"errors"
)

// Page is one answer of a Source.
type Page struct {
	Rows  []byte // a JSON array of objects that hold exactly the asked columns
	Count int    // rows in it
	Next  string // cursor of the next page, "" when this was the last
}

// Source answers queries about released products: tables from the Shelf,
// models from elsewhere. It hands out released content only and never looks
// behind a release.
type Source interface {
	// Lookup fails with ErrNotLoaded or ErrCursor; any other error is logged
	// and shown as SOURCE_UNAVAILABLE.
	Lookup(ctx context.Context, q *Query) (Page, error)
}

var (
	// ErrNotLoaded: the asked release of the product is not on the shelf.
	ErrNotLoaded = errors.New("gateway: release not loaded")

	// ErrCursor: the cursor is not one of this release.
	ErrCursor = errors.New("gateway: cursor of another release")
)
