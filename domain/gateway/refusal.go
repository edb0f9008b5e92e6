package gateway

import "pado/plan"

// Code is the stable name of a refusal. Programs of customers rely on it.
type Code string

// Refusal says why a call was not answered: an HTTP status, a stable code, a
// sentence for people and the clause it rests on. It carries no value of the
// request or of the data. Refusals are shared; do not change one.
type Refusal struct {
	Code       Code
	Status     int
	Message    string
	Clause     plan.Clause
	RetryAfter int // seconds after which trying again makes sense, 0 for never
	Fields     []FieldError
}

// FieldError names one parameter and the rule it breaks, never its value.
type FieldError struct {
	Path    string
	Message string
}

// The codes, in the order in which the conditions are tried. Where several
// fail, the first one answers.
const (
	NoSuchAddress      Code = "NO_SUCH_ADDRESS"
	MethodNotAllowed   Code = "METHOD_NOT_ALLOWED"
	RequestTooLarge    Code = "REQUEST_TOO_LARGE"
	GatewayBusy        Code = "GATEWAY_BUSY"
	SignatureMissing   Code = "SIGNATURE_MISSING"
	TimeOutsideWindow  Code = "TIME_OUTSIDE_WINDOW"
	SignatureRefused   Code = "SIGNATURE_REFUSED"
	NonceReplayed      Code = "NONCE_REPLAYED"
	FeedStale          Code = "FEED_STALE"
	KeySuspended       Code = "KEY_SUSPENDED"
	KeyRevoked         Code = "KEY_REVOKED"
	KeyNotInForce      Code = "KEY_NOT_IN_FORCE"
	ProductNotOrdered  Code = "PRODUCT_NOT_ORDERED"
	OrderSuspended     Code = "ORDER_SUSPENDED"
	OrderNotActive     Code = "ORDER_NOT_ACTIVE"
	OrderNotInForce    Code = "ORDER_NOT_IN_FORCE"
	TermsNotAccepted   Code = "TERMS_NOT_ACCEPTED"
	ProductSuspended   Code = "PRODUCT_SUSPENDED"
	ProductRetired     Code = "PRODUCT_RETIRED"
	ProductUnpublished Code = "PRODUCT_NOT_PUBLISHED"
	ProductNoCode      Code = "PRODUCT_NOT_REGISTERED"
	ProductNotListed   Code = "PRODUCT_NOT_LISTED"
	PurposeNotListed   Code = "PURPOSE_NOT_LISTED"
	AgreementSuspended Code = "AGREEMENT_SUSPENDED"
	AgreementEnded     Code = "AGREEMENT_TERMINATED"
	AgreementNotBegun  Code = "AGREEMENT_NOT_BEGUN"
	AgreementExpired   Code = "AGREEMENT_EXPIRED"
	ResourceNotGranted Code = "RESOURCE_NOT_AUTHORISED"
	ResourceExpired    Code = "RESOURCE_EXPIRED"
	TariffNotFiled     Code = "TARIFF_NOT_FILED"
	TariffNotInForce   Code = "TARIFF_NOT_IN_FORCE"
	KindNotServed      Code = "KIND_NOT_SERVED"
	RateLimited        Code = "RATE_LIMITED"
	ParameterInvalid   Code = "PARAMETER_INVALID"
	BasisMissing       Code = "BASIS_MISSING"
	ConsentInvalid     Code = "CONSENT_INVALID"
	IdempotencyClash   Code = "IDEMPOTENCY_MISMATCH"
	IdempotencyStale   Code = "IDEMPOTENCY_STALE"
	AllowanceMissing   Code = "QUOTA_NOT_GRANTED"
	QuotaExhausted     Code = "QUOTA_EXHAUSTED"
	SubjectRateLimited Code = "SUBJECT_RATE_LIMITED"
	Enumeration        Code = "ENUMERATION_SUSPECTED"
	SourceUnavailable  Code = "SOURCE_UNAVAILABLE"
	JournalReadOnly    Code = "JOURNAL_READ_ONLY"
	JournalBroken      Code = "JOURNAL_BROKEN"
)

var refusalTable = []struct {
	code    Code
	status  int
	clause  string
	retry   int
	message string
}{
	{NoSuchAddress, 404, "6.2.4", 0, "没有这个接口地址，请以产品页面公布的地址为准。"},
	{MethodNotAllowed, 405, "6.2.4", 0, "该地址不接受此请求方法，可用的方法见响应头 Allow。"},
	{RequestTooLarge, 413, "6.2.4", 0, "请求超过接口限定的大小，请减小请求体后重新提交。"},
	{GatewayBusy, 503, "6.2.4", 1, "接口当前请求过多，请稍后重试。"},
	{SignatureMissing, 401, "11.3", 0, "签名请求头缺失、重复或格式不符：X-Pado-Key、X-Pado-Time、X-Pado-Nonce、X-Pado-Signature 须各有一项。"},
	{TimeOutsideWindow, 401, "11.3", 0, "请求时间与平台时间相差过大，请校准本机时钟后重新签名。"},
	{SignatureRefused, 401, "11.3", 0, "密钥标识或签名不正确。"},
	{NonceReplayed, 409, "11.3", 0, "该请求已经提交过，不再受理；请更换随机数并重新签名。"},
	{FeedStale, 503, "10.7.3", 1, "授权状态未能及时核对，为使暂停、终止即时生效，接口暂不受理调用，请稍后重试。"},
	{KeySuspended, 403, "10.7.3", 0, "该密钥已被暂停使用，请联系运营机构。"},
	{KeyRevoked, 403, "11.3", 0, "该密钥已被吊销，不能再用于调用。"},
	{KeyNotInForce, 403, "11.3", 0, "该密钥尚未启用或不在有效期内。"},
	{ProductNotOrdered, 403, "9.2", 0, "该密钥的订单不包含此产品，不得超出约定范围调用。"},
	{OrderSuspended, 403, "10.7.3", 0, "该订单已被暂停，恢复前不能调用。"},
	{OrderNotActive, 403, "1.7b", 0, "该订单尚未生效或已经结束，不能调用。"},
	{OrderNotInForce, 403, "1.7b", 0, "当前时间不在订单约定的服务期内。"},
	{TermsNotAccepted, 403, "1.7b", 0, "产品的使用限制条件有新版本尚未确认，请先在订单中阅读并确认。"},
	{ProductSuspended, 403, "10.1.2", 0, "该产品已暂停服务。"},
	{ProductRetired, 403, "10.1.2", 0, "该产品已下架，不再提供调用。"},
	{ProductUnpublished, 403, "6.3.5", 0, "该产品尚未发布，不能调用。"},
	{ProductNoCode, 403, "6.3.4", 0, "该产品没有有效的登记编码，未经登记不得上线。"},
	{ProductNotListed, 403, "9.2", 0, "该产品不在现行产品清单内，清单外的产品不得提供。"},
	{PurposeNotListed, 403, "9.2", 0, "订单用途不在产品清单列明的用途内，不得超用途使用。"},
	{AgreementSuspended, 403, "10.7.3", 0, "授权运营已被暂停，相关产品停止提供。"},
	{AgreementEnded, 403, "10.7.3", 0, "授权运营协议已终止，相关产品停止提供。"},
	{AgreementNotBegun, 403, "8.1", 0, "授权运营协议尚未开始生效。"},
	{AgreementExpired, 403, "8.1", 0, "授权运营期限已届满，相关产品停止提供。"},
	{ResourceNotGranted, 403, "11.3", 0, "该产品所用的数据资源不在授权范围内，停止提供。"},
	{ResourceExpired, 403, "8.1", 0, "该产品所用的数据资源授权期限已届满，停止提供。"},
	{TariffNotFiled, 403, "10.3.2", 0, "该产品对此类用户没有已备案的收费标准，不得提供。"},
	{TariffNotInForce, 403, "10.3.2", 0, "该产品对此类用户的收费标准尚未生效或已经失效，不得提供。"},
	{KindNotServed, 404, "6.2.4", 0, "该产品不以接口方式在此提供，请在产品页面查看交付方式。"},
	{RateLimited, 429, "6.2.4", 1, "调用过于频繁，超过该密钥的速率限制，请稍后重试。"},
	{ParameterInvalid, 422, "6.2.4", 0, "请求参数不符合产品声明，详见各项说明。"},
	{BasisMissing, 403, "10.5.2", 0, "查询特定对象须有法定依据或本人同意：订单未登记法定依据，请求也未附同意编号（consent）。"},
	{ConsentInvalid, 403, "10.5.2", 0, "同意编号无效、已撤回、已过期，或与查询对象、产品、使用方不符。"},
	{IdempotencyClash, 422, "6.2.4", 0, "该幂等键已用于内容不同的请求，请更换幂等键。"},
	{IdempotencyStale, 409, "6.2.4", 0, "该幂等键对应的产品版本已更新，原结果不能重取；如需新结果请更换幂等键，将另行计量。"},
	{AllowanceMissing, 429, "1.7b", 0, "订单在当前周期没有可用的调用额度。"},
	{QuotaExhausted, 429, "1.7b", 0, "本周期的调用额度已用完。"},
	{SubjectRateLimited, 429, "10.5.2", 60, "对同一对象的查询过于频繁，请稍后重试。"},
	{Enumeration, 429, "10.5.2", 3600, "连续查询不存在的对象过多，疑似批量试探，暂停该密钥对此产品的查询。"},
	{SourceUnavailable, 503, "6.2.4", 5, "产品数据暂不可用，本次调用不计量，请稍后重试。"},
	{JournalReadOnly, 503, "6.2.4", 5, "调用日志暂不能写入；不留日志不提供服务，本次调用不计量，请稍后重试。"},
	{JournalBroken, 503, "6.2.4", 30, "调用日志写入结果不明，接口暂停服务；请稍后用同一幂等键重试，不会重复计量。"},
}

var refusals = make(map[Code]*Refusal, len(refusalTable))

func init() {
	for _, r := range refusalTable {
		clause := plan.C(r.clause)
		refusals[r.code] = &Refusal{Code: r.code, Status: r.status, Message: r.message, Clause: clause, RetryAfter: r.retry}
		plan.Mark(clause, "rule", "gateway."+string(r.code))
	}
}

func refuse(code Code) *Refusal { return refusals[code] }

// Refusals lists every refusal there is, in the order of the codes.
func Refusals() []*Refusal {
	out := make([]*Refusal, len(refusalTable))
	for i, r := range refusalTable {
		out[i] = refusals[r.code]
	}
	return out
}
