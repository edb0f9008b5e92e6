package gateway

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"pado/domain/gateway/journal"
)

// Request is one call as it arrived.
type Request struct {
	Signed
	Product   string
	Signature string // X-Pado-Signature
}

// Reply is the answer to one call. Exactly one of Refusal and Page is of use.
type Reply struct {
	Request  Digest // request id
	Refusal  *Refusal
	Page     Page
	Product  *Product
	Price    string // tariff version the call is charged at
	Left     int64  // calls left in the period, -1 when not limited
	Repeated bool   // answered again under an idempotency key, not charged
}

func randomID() Digest {
	var d Digest
	rand.Read(d[:]) // never fails
	return d
}

// call is one request on its way through.
type call struct {
	*Gateway
	r     *Request
	usage Usage
	real  time.Time
}

// Call decides, answers and journals one call. It returns after the usage
// record is durable.
func (g *Gateway) Call(ctx context.Context, r *Request) Reply {
	c := call{Gateway: g, r: r, real: g.cfg.Real()}
	c.usage = Usage{Request: g.cfg.NewRequestID(), Real: c.real, At: g.cfg.Business(), Count: 1}
	reply, refusal := c.serve(ctx)
	reply.Request, reply.Refusal = c.usage.Request, refusal
	if refusal != nil {
		c.refused(ctx, refusal)
	}
	return reply
}

// Refuse counts a request that did not get as far as a call and returns the
// refusal with a request id.
func (g *Gateway) Refuse(code Code) Reply {
	g.minutes.add("", code, g.cfg.Real())
	return Reply{Request: g.cfg.NewRequestID(), Refusal: refuse(code)}
}

// serve runs the checks in the order of the codes. An error of the rules comes
// back as a refusal; a usage record of an answered call is already durable.
func (c *call) serve(ctx context.Context) (Reply, *Refusal) {
	if r := c.authenticate(); r != nil {
		return Reply{}, r
	}
	d := c.cfg.Permit.May(c.real, c.usage.At, Question{Key: c.r.Key, Product: c.r.Product})
	c.note(&d)
	if d.Refusal != nil {
		return Reply{}, d.Refusal
	}
	source := c.cfg.Sources[d.Product.Kind]
	if source == nil {
		return Reply{}, refuse(KindNotServed)
	}
	if !c.keys.take(d.Key.ID, d.Key.Rate, c.real) {
		return Reply{}, refuse(RateLimited)
	}
	if d.Product.Named != nil && c.r.Method == "GET" {
		return Reply{}, invalid("method", "查询特定对象须使用 POST，以免对象信息随地址进入访问日志。")
	}
	in, refusal := given(c.r.Signed)
	if refusal != nil {
		return Reply{}, refusal
	}
	asked, refusal := d.Product.read(in, c.cfg.SubjectKey)
	if refusal != nil {
		return Reply{}, refusal
	}
	if refusal := c.basis(&d, &asked); refusal != nil {
		return Reply{}, refusal
	}
	if in["columns"] != "" {
		c.usage.Columns = in["columns"]
	}
	return c.answer(ctx, &d, source, &asked)
}

// authenticate establishes that the key's holder sent this request now and for
// the first time. Only then is the key named in the usage record.
func (c *call) authenticate() *Refusal {
	signed, ok := c.r.signedAt(c.r.Signature)
	if !ok {
		return refuse(SignatureMissing)
	}
	window := int64(c.cfg.Window / time.Second)
	if off := c.real.Unix() - signed; off > window || off < -window {
		return refuse(TimeOutsideWindow)
	}
	if !verify(c.cfg.Secrets, c.r.Signed, c.r.Signature) {
		return refuse(SignatureRefused)
	}
	c.usage.Key = c.r.Key
	switch c.book.nonces.use(c.r.Key, c.r.Nonce, signed, c.real) {
	case nonceSeen:
		return refuse(NonceReplayed)
	case nonceFull:
		return refuse(GatewayBusy)
	}
	c.usage.Nonce, c.usage.Signed, c.usage.Repeat = c.r.Nonce, signed, c.r.Idempotency
	return nil
}

// note copies what the decision found into the usage record.
func (c *call) note(d *Decision) {
	u := &c.usage
	u.Snapshot = d.Version
	if d.Order != nil {
		u.Order, u.Customer, u.Purpose, u.Basis = d.Order.ID, d.Order.Customer, d.Order.Purpose, d.Order.Basis
	}
	if d.Product != nil {
		u.Product, u.Release = d.Product.ID, d.Product.Release
	}
	if d.Agreement != nil {
		u.Agreement = d.Agreement.ID
	}
	if d.Tariff != nil {
		u.Price = d.Tariff.Version
	}
	if d.Allowance != nil {
		u.Period = d.Allowance.Period
	}
}

// basis demands, for a product about a named subject, a recorded legal basis
// of the order or a consent that fits the call.
func (c *call) basis(d *Decision, a *asked) *Refusal {
	if d.Product.Named == nil {
		c.usage.Basis = ""
		return nil
	}
	c.usage.Subject = SubjectOf(c.cfg.SubjectKey, a.subject)
	if a.consent == "" {
		if d.Order.Basis == "" {
			return refuse(BasisMissing)
		}
		return nil
	}
	consent := d.Snapshot.Consents[a.consent]
	if consent == nil || consent.Customer != d.Order.Customer || consent.Product != d.Product.ID ||
		consent.Subject != c.usage.Subject || !consent.Span.Contains(c.usage.At) {
		return refuse(ConsentInvalid)
	}
	c.usage.Basis = consent.Ref
	return nil
}

// answer takes what the call uses up, asks the source and makes the record
// durable. Whatever was taken is given back unless the call is charged.
func (c *call) answer(ctx context.Context, d *Decision, source Source, a *asked) (Reply, *Refusal) {
	var err error
	if c.usage.Asked, err = c.r.digest(); err != nil {
		return Reply{}, invalid("query", "查询串格式不正确。")
	}
	keep := false // the call is charged, or it is unknown whether it is
	repeated := false
	if c.r.Idempotency != "" {
		k := repeatKey{d.Key.ID, c.r.Idempotency}
		result, refusal := c.claim(ctx, k, d.Product.Release)
		if refusal != nil {
			return Reply{}, refusal
		}
		if repeated = result == repeatCharged; !repeated {
			defer func() { c.book.repeats.end(k, keep) }()
		}
	}
	if d.Allowance == nil {
		return Reply{}, refuse(AllowanceMissing)
	}
	quota := quotaKey{d.Order.ID, d.Allowance.Period}
	var left int64
	if repeated {
		left = c.book.quotas.left(quota, d.Allowance.Calls)
	} else {
		var ok bool
		if left, ok = c.book.quotas.reserve(quota, d.Allowance.Calls); !ok {
			return Reply{}, refuse(QuotaExhausted)
		}
		defer func() {
			if !keep {
				c.book.quotas.giveBack(quota)
			}
		}()
	}
	if n := d.Product.Named; n != nil && !c.subjects.take(subjectKey{d.Order.Customer, d.Product.ID, c.usage.Subject}, n.Subject, c.real) {
		return Reply{}, refuse(SubjectRateLimited)
	}
	page, refusal, err := c.lookup(ctx, d, source, &a.query)
	if refusal != nil {
		return Reply{}, refusal
	}
	switch {
	case errors.Is(err, ErrCursor):
		return Reply{}, invalid("cursor", "不是本接口当前版本给出的翻页标记，请从第一页重新读取。")
	case err != nil:
		c.cfg.Log.Error("gateway: lookup", "product", d.Product.ID, "error", err)
		c.usage.Outcome = Failed
		return Reply{}, refuse(SourceUnavailable)
	}
	sum := sha256.Sum256(page.Rows)
	c.usage.Answered = Digest(sum[:16])
	c.usage.Rows, c.usage.Bytes = uint32(page.Count), uint32(len(page.Rows))
	c.usage.Outcome = Charged
	if repeated {
		c.usage.Outcome = Repeated
	}
	// Not the caller's context: whether a call is charged must not depend on
	// the customer hanging up.
	switch err := c.append(context.WithoutCancel(ctx), &c.usage); {
	case errors.Is(err, journal.ErrReadOnly):
		return Reply{}, refuse(JournalReadOnly)
	case err != nil:
		c.cfg.Log.Error("gateway: journal", "error", err)
		keep = true
		return Reply{}, refuse(JournalBroken)
	}
	keep = true
	return Reply{Page: page, Product: d.Product, Price: d.Tariff.Version, Left: left, Repeated: repeated}, nil
}

// lookup asks the source. For a named subject a token is held meanwhile and
// taken if there is no such subject: who guesses runs out of tokens.
func (c *call) lookup(ctx context.Context, d *Decision, source Source, q *Query) (page Page, refusal *Refusal, err error) {
	n := d.Product.Named
	if n == nil {
		page, err = source.Lookup(ctx, q)
		return page, nil, err
	}
	k := missKey{d.Key.ID, d.Product.ID}
	switch c.misses.hold(k, n.Misses, c.real) {
	case holdEmpty:
		return Page{}, refuse(Enumeration), nil
	case holdPromised:
		return Page{}, refuse(RateLimited), nil
	}
	defer func() { c.misses.settle(k, n.Misses, c.real, err == nil && page.Count == 0) }()
	page, err = source.Lookup(ctx, q)
	return page, nil, err
}

// claim makes the call the one that is charged under its idempotency key, or
// finds that it was charged before. It waits for a like call under way.
func (c *call) claim(ctx context.Context, k repeatKey, release string) (repeatResult, *Refusal) {
	for {
		result, wait := c.book.repeats.begin(k, c.usage.Asked, release, c.real)
		switch result {
		case repeatClash:
			return result, refuse(IdempotencyClash)
		case repeatStale:
			return result, refuse(IdempotencyStale)
		case repeatUnderWay:
			select {
			case <-wait:
				continue
			case <-ctx.Done():
				return result, refuse(GatewayBusy)
			}
		}
		return result, nil
	}
}

// refused journals a refusal, one by one or as part of its minute's count.
func (c *call) refused(ctx context.Context, r *Refusal) {
	u := &c.usage
	if !c.minutes.add(u.Key, r.Code, c.real) {
		return
	}
	if u.Outcome != Failed {
		u.Outcome = Refused
	}
	u.Code, u.Answered, u.Rows, u.Bytes = r.Code, Digest{}, 0, 0
	if err := c.append(context.WithoutCancel(ctx), u); err != nil {
		c.minutes.missed(u.Key, r.Code, c.real)
	}
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

func (g *Gateway) append(ctx context.Context, u *Usage) error {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	b, err := u.AppendBinary((*buf)[:0])
	if err != nil {
		return err
	}
	*buf = b
	_, err = g.cfg.Journal.Append(ctx, b)
	return err
}
