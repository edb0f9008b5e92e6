-- +goose Up
-- Fee standards (收费标准, clause 10.3.2), one row for each version of a product's price for a class
-- of customers. A row is made with the filing number; it is in force from effective_from up to, not
-- including, effective_to.
CREATE TABLE tariff (
  id TEXT PRIMARY KEY,
  product TEXT NOT NULL,
  version INTEGER NOT NULL,
  customer_class TEXT NOT NULL CHECK (customer_class IN ('general', 'small_firm', 'public')),
  unit TEXT NOT NULL CHECK (unit IN ('call', 'count', 'time', 'volume')),
  price_fen BIGINT NOT NULL CHECK (price_fen >= 0),
  expected BIGINT NOT NULL CHECK (expected >= 0),
  trial BOOLEAN NOT NULL,
  filing_no TEXT NOT NULL CHECK (filing_no <> ''),
  state TEXT NOT NULL CHECK (state IN ('publicity', 'effective', 'ended', 'withdrawn')),
  publicised BIGINT NOT NULL,
  effective_from BIGINT,
  effective_to BIGINT,
  case_no TEXT NOT NULL,
  UNIQUE (product, customer_class, version),
  CHECK (customer_class <> 'public' OR price_fen = 0),
  CHECK ((state IN ('effective', 'ended')) = (effective_from IS NOT NULL))
);
-- At most one price is in force for a product and class of customer.
CREATE UNIQUE INDEX tariff_in_force ON tariff (product, customer_class) WHERE state = 'effective';
CREATE INDEX tariff_case ON tariff (case_no);

-- Who accepted which text of the use restrictions (使用限制条件, clause 1.7b), each time it was accepted.
CREATE TABLE terms_acceptance (
  case_no TEXT NOT NULL,
  n INTEGER NOT NULL,
  product TEXT NOT NULL,
  terms_version INTEGER NOT NULL,
  terms_digest TEXT NOT NULL,
  at BIGINT NOT NULL,
  person TEXT NOT NULL,
  PRIMARY KEY (case_no, n)
);
CREATE TABLE orders (
  id TEXT PRIMARY KEY,
  customer_org TEXT NOT NULL,
  product TEXT NOT NULL,
  customer_class TEXT NOT NULL CHECK (customer_class IN ('general', 'small_firm', 'public')),
  purpose TEXT NOT NULL,
  terms_version INTEGER NOT NULL,
  terms_digest TEXT NOT NULL,
  accepted_at BIGINT NOT NULL,
  accepted_by TEXT NOT NULL,
  quota_month BIGINT NOT NULL CHECK (quota_month > 0),
  valid_from TEXT NOT NULL,
  valid_to TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'ended')),
  case_no TEXT NOT NULL UNIQUE,
  opened BIGINT NOT NULL,
  ended BIGINT
);
CREATE INDEX orders_customer ON orders (customer_org);
CREATE INDEX orders_product ON orders (product);
CREATE TABLE api_key (
  id TEXT PRIMARY KEY,
  order_id TEXT NOT NULL REFERENCES orders (id),
  algorithm TEXT NOT NULL,
  sealed BLOB NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'ended')),
  created BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  ends BIGINT,
  replaces TEXT NOT NULL DEFAULT '',
  revoked BIGINT,
  revoked_by TEXT NOT NULL DEFAULT ''
);
CREATE INDEX api_key_order ON api_key (order_id);
-- What the gateway is told moves this row in the same transaction.
CREATE TABLE feed_version (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  version BIGINT NOT NULL
);
INSERT INTO feed_version (id, version) VALUES (1, 1);

-- A sealed segment of a gateway's journal; first_record to last_record are its numbers in the
-- journal of node.
CREATE TABLE usage_segment (
  name TEXT PRIMARY KEY,
  node TEXT NOT NULL,
  segment BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  sm3 TEXT NOT NULL,
  first_record BIGINT NOT NULL,
  last_record BIGINT NOT NULL,
  records BIGINT NOT NULL,
  charged BIGINT NOT NULL,
  sealed_at BIGINT NOT NULL,
  UNIQUE (node, segment),
  UNIQUE (node, first_record)
);
-- Charged calls of sealed segments, added up once per segment. late_calls are calls of months that
-- were already closed when their segment was sealed; they are counted in calls too.
CREATE TABLE usage_month (
  month TEXT NOT NULL,
  order_id TEXT NOT NULL,
  tariff TEXT NOT NULL,
  product TEXT NOT NULL,
  customer_org TEXT NOT NULL,
  agreement TEXT NOT NULL,
  calls BIGINT NOT NULL,
  row_count BIGINT NOT NULL,
  late_calls BIGINT NOT NULL,
  PRIMARY KEY (month, order_id, tariff)
);
-- The month the books are closed through ('' = none); its row is locked by whoever adds usage or closes.
CREATE TABLE books (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  closed_through TEXT NOT NULL
);
INSERT INTO books (id, closed_through) VALUES (1, '');

-- A month's statement (对账单) of a customer under an agreement. lines is JSON.
CREATE TABLE statement (
  id TEXT PRIMARY KEY,
  month TEXT NOT NULL,
  customer_org TEXT NOT NULL,
  operator_org TEXT NOT NULL,
  agreement TEXT NOT NULL,
  amount_fen BIGINT NOT NULL CHECK (amount_fen >= 0),
  paid_fen BIGINT NOT NULL DEFAULT 0,
  lines TEXT NOT NULL,
  digest TEXT NOT NULL,
  closed_at BIGINT NOT NULL,
  UNIQUE (month, customer_org, agreement),
  CHECK (paid_fen >= 0 AND paid_fen <= amount_fen)
);
CREATE INDEX statement_customer ON statement (customer_org, month);
CREATE TABLE receipt (
  id TEXT PRIMARY KEY,
  statement TEXT NOT NULL REFERENCES statement (id),
  fen BIGINT NOT NULL CHECK (fen > 0),
  voucher TEXT NOT NULL,
  paid_on TEXT NOT NULL,
  at BIGINT NOT NULL,
  person TEXT NOT NULL,
  case_no TEXT NOT NULL UNIQUE
);
-- What an operator owes to the treasury for a month under an agreement (资源使用费, clause 10.4.1).
CREATE TABLE fee_due (
  id TEXT PRIMARY KEY,
  month TEXT NOT NULL,
  agreement TEXT NOT NULL,
  operator_org TEXT NOT NULL,
  income_fen BIGINT NOT NULL,
  base_fen BIGINT NOT NULL,
  base TEXT NOT NULL,
  rate_bp INTEGER NOT NULL,
  fee_fen BIGINT NOT NULL CHECK (fee_fen >= 0),
  due TEXT NOT NULL,
  due_note TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('none', 'due', 'remitted', 'received')),
  closed_at BIGINT NOT NULL,
  UNIQUE (month, agreement)
);
CREATE INDEX fee_due_open ON fee_due (state, due);
CREATE TABLE remittance (
  id TEXT PRIMARY KEY,
  fee TEXT NOT NULL REFERENCES fee_due (id),
  month TEXT NOT NULL,
  agreement TEXT NOT NULL,
  operator_org TEXT NOT NULL,
  treasury_org TEXT NOT NULL,
  fen BIGINT NOT NULL CHECK (fen > 0),
  state TEXT NOT NULL CHECK (state IN ('remitted', 'returned', 'received')),
  voucher TEXT NOT NULL,
  paid_on TEXT NOT NULL,
  receipt_no TEXT NOT NULL DEFAULT '',
  case_no TEXT NOT NULL UNIQUE,
  at BIGINT NOT NULL,
  received BIGINT
);
-- One remittance of a fee is under way or done.
CREATE UNIQUE INDEX remittance_once ON remittance (fee) WHERE state <> 'returned';
