package journal

import (
	"errors"
	"os"
)

// run is the committer: the only goroutine that writes to the active segment.
func (j *Journal) run() {
	defer close(j.stopped)
	for {
		select {
		case <-j.wake:
			j.commit()
		case <-j.quit:
			j.commit()
			return
		}
	}
}

// commit makes the pending batch durable and then serves requests to close the
// active segment. Records appended meanwhile form the next batch.
func (j *Journal) commit() {
	j.mu.Lock()
	b := j.pending
	rolls := j.rolls
	j.rolls = nil
	broken := errors.Is(j.failed, ErrBroken)
	if !b.empty() {
		j.pending = newBatch(j.free)
		j.free = nil
	}
	j.mu.Unlock()
	if !b.empty() {
		err := error(ErrBroken)
		if !broken {
			err = j.write(b)
		}
		j.settle(b, err)
		j.free = b.buf
	}
	if len(rolls) > 0 {
		j.closeActive()
		for _, c := range rolls {
			close(c)
		}
	}
}

// settle tells the writers of a batch. A batch that was not written takes the
// records that gathered behind it with it, so that numbers stay without gaps.
func (j *Journal) settle(b *batch, err error) {
	b.err = err
	j.mu.Lock()
	if err == nil {
		j.durable = b.last
		j.mu.Unlock()
		close(b.done)
		return
	}
	behind := j.pending
	j.pending = newBatch(nil)
	if errors.Is(err, ErrReadOnly) {
		j.next = b.first
		j.retried = j.opt.Now()
	} else if j.failed == nil || errors.Is(j.failed, ErrClosed) {
		j.failed = ErrBroken
	}
	j.mu.Unlock()
	close(b.done)
	if !behind.empty() {
		behind.err = err
		if !errors.Is(err, ErrReadOnly) {
			behind.err = ErrBroken
		}
	}
	close(behind.done)
}

// write puts a batch on disk. ErrReadOnly: nothing of it is there. ErrBroken:
// unknown.
func (j *Journal) write(b *batch) error {
	s := j.active
	if s != nil && s.off+int64(len(b.buf)) > s.size {
		j.closeActive()
		s = nil
	}
	if s == nil {
		var err error
		if s, err = j.openNext(b.first); err != nil {
			return err
		}
	}
	if _, err := s.file.WriteAt(b.buf, s.off); err != nil {
		return j.undo(s, err)
	}
	if err := s.file.Sync(); err != nil {
		// After a failed sync the kernel may have dropped the pages: neither
		// a second sync nor a read tells the truth any more.
		return ErrBroken
	}
	s.off += int64(len(b.buf))
	return nil
}

// undo cuts away what a refused write may have left. In a prewritten segment
// this happens only on file systems that allocate on overwrite.
func (j *Journal) undo(s *segment, cause error) error {
	if !diskFull(cause) {
		return ErrBroken
	}
	if s.file.Truncate(s.off) != nil || s.file.Sync() != nil {
		return ErrBroken
	}
	s.size = s.off
	j.mu.Lock()
	j.readOnly = reasonOf(cause)
	j.refill = true
	j.mu.Unlock()
	return ErrReadOnly
}

// openNext takes the prewritten spare as the active segment and has the next
// one made. The header becomes durable with the first batch.
func (j *Journal) openNext(first uint64) (*segment, error) {
	j.mu.Lock()
	for j.spare == nil && j.making != nil {
		making := j.making
		j.mu.Unlock()
		<-making
		j.mu.Lock()
	}
	if j.spare == nil && j.spareErr == nil {
		making := j.makeSpareLocked()
		j.mu.Unlock()
		<-making
		j.mu.Lock()
	}
	s := j.spare
	if s == nil {
		j.readOnly = reasonOf(j.spareErr)
		j.mu.Unlock()
		return nil, ErrReadOnly
	}
	header, err := headerFrame(j.opt.Node, s.number, first)
	if err != nil {
		j.mu.Unlock()
		return nil, ErrBroken
	}
	j.mu.Unlock()
	if _, err := s.file.WriteAt(header, 0); err != nil {
		return nil, j.dropSpare(s, err)
	}
	s.off, s.first, s.since = int64(len(header)), first, j.opt.Now()
	j.mu.Lock()
	j.spare, j.active = nil, s
	j.makeSpareLocked()
	j.mu.Unlock()
	return s, nil
}

// dropSpare discards a segment whose header could not be written; nothing
// acknowledged is in it.
func (j *Journal) dropSpare(s *segment, cause error) error {
	gone := errors.Join(s.file.Close(), os.Remove(s.path))
	j.mu.Lock()
	defer j.mu.Unlock()
	if !diskFull(cause) || gone != nil {
		return ErrBroken
	}
	j.spare, j.spareErr, j.segments = nil, cause, s.number-1
	j.readOnly = reasonOf(cause)
	return ErrReadOnly
}

// closeActive leaves the active segment to Seal. Its records are durable.
func (j *Journal) closeActive() {
	j.mu.Lock()
	for j.refill && j.making != nil {
		making := j.making
		j.mu.Unlock()
		<-making
		j.mu.Lock()
	}
	s := j.active
	if s == nil || j.failed != nil && !errors.Is(j.failed, ErrClosed) {
		j.mu.Unlock()
		return
	}
	j.active, j.refill = nil, false
	j.mu.Unlock()
	// The unused rest is cut off by Seal; a failure to close loses nothing.
	_ = s.file.Close()
}

// makeSpareLocked starts making the next segment unless one is there or under
// way, and returns the channel that is closed when it is done.
func (j *Journal) makeSpareLocked() chan struct{} {
	if j.making != nil {
		return j.making
	}
	done := make(chan struct{})
	if j.spare != nil {
		close(done)
		return done
	}
	j.making = done
	number := j.segments + 1
	go func() {
		s, err := j.makeSegment(number)
		j.mu.Lock()
		j.spare, j.spareErr = s, err
		if err == nil {
			j.segments = number
		}
		j.making = nil
		j.mu.Unlock()
		close(done)
	}()
	return done
}

// retryLocked starts one attempt to leave read-only mode, at most every
// RetryAfter unless asked for.
func (j *Journal) retryLocked(asked bool) {
	now := j.opt.Now()
	if j.making != nil || !asked && now.Sub(j.retried) < j.opt.RetryAfter {
		return
	}
	j.retried = now
	done := make(chan struct{})
	j.making = done
	active, refill, spare, number := j.active, j.refill, j.spare, j.segments+1
	go func() {
		var err error
		if refill && active != nil {
			if err = prewrite(active.file, active.off, j.opt.SegmentBytes); err != nil && active.file.Truncate(active.off) != nil {
				err = errors.Join(err, ErrBroken)
			}
		}
		if err == nil && spare == nil {
			spare, err = j.makeSegment(number)
		}
		j.mu.Lock()
		defer j.mu.Unlock()
		j.making = nil
		defer close(done)
		if errors.Is(err, ErrBroken) {
			j.failed = ErrBroken
			return
		}
		if err != nil {
			j.spareErr, j.readOnly = err, reasonOf(err)
			return
		}
		if refill && active != nil {
			active.size, j.refill = j.opt.SegmentBytes, false
		}
		j.spare, j.spareErr = spare, nil
		j.segments = max(j.segments, spare.number)
		j.readOnly = ""
	}()
}

// Retry attempts to leave read-only mode now and waits for the outcome.
func (j *Journal) Retry() {
	j.mu.Lock()
	if j.readOnly == "" || j.failed != nil {
		j.mu.Unlock()
		return
	}
	j.retryLocked(true)
	making := j.making
	j.mu.Unlock()
	if making != nil {
		<-making
	}
}

// roll closes the open segment and waits until that is done.
func (j *Journal) roll() error {
	c := make(chan struct{})
	j.mu.Lock()
	if j.failed != nil {
		defer j.mu.Unlock()
		return j.failed
	}
	j.rolls = append(j.rolls, c)
	j.mu.Unlock()
	j.poke()
	select {
	case <-c:
		return nil
	case <-j.stopped:
		return ErrClosed
	}
}

// Health is the journal's state for /api/health and the supervisor's screen.
type Health struct {
	ReadOnly      bool   // appends are refused with ErrReadOnly
	Broken        bool   // appends are refused with ErrBroken until reopened
	Reason        string // "", disk_full, segment_not_created, write_failed
	SpareReady    bool   // the next segment is prewritten
	OpenSegment   string // "" when none has records
	OpenRecords   uint64
	OpenSeconds   int64 // age of the open segment, real time
	OpenBytes     int64
	LastRecord    uint64 // last durable record
	Unsealed      int    // closed segments without an audit leaf
	AgeBound      int64  // seconds
	SizeBoundByte int64
}

// Health reports the state; it makes no attempt to change it.
func (j *Journal) Health() Health {
	j.mu.Lock()
	h := Health{
		ReadOnly:      j.readOnly != "",
		Broken:        errors.Is(j.failed, ErrBroken),
		Reason:        j.readOnly,
		SpareReady:    j.spare != nil,
		LastRecord:    j.durable,
		AgeBound:      int64(j.opt.MaxAge.Seconds()),
		SizeBoundByte: j.opt.SegmentBytes,
	}
	if h.Broken {
		h.Reason = "write_failed"
	}
	var active uint64
	if s := j.active; s != nil {
		active = s.number
		h.OpenSegment = segmentName(j.opt.Node, s.number)
		h.OpenRecords = j.durable + 1 - s.first
		h.OpenSeconds = int64(j.opt.Now().Sub(s.since).Seconds())
	}
	last := j.segments
	j.mu.Unlock()
	list, err := listSegments(j.opt.Dir)
	if err != nil {
		return h
	}
	for _, s := range list {
		switch {
		case s.number == active:
			if fi, err := os.Stat(s.path); err == nil {
				h.OpenBytes = fi.Size()
			}
		case !s.sealed && s.number < last:
			h.Unsealed++
		}
	}
	return h
}
