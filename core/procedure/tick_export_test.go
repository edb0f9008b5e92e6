package procedure

// SetTickBatch makes the clock read n cases at a time and returns how to undo it.
func SetTickBatch(n int) (undo func()) {
	was := tickBatch
	tickBatch = n
	return func() { tickBatch = was }
}
