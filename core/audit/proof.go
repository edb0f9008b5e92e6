package audit

// NodeReader reads completed subtrees from where Head.Append's nodes were stored.
type NodeReader interface {
	// Nodes returns the n nodes of a level from index from on, in order, all of them or an error.
	Nodes(level int, from int64, n int) ([]Node, error)
}

// LeafReader reads public leaf bytes.
type LeafReader interface {
	// Leaves returns the public bytes of n leaves from number from on, in order, all of them or an error.
	Leaves(from int64, n int) ([][]byte, error)
}
