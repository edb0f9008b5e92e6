-- +goose Up
CREATE TABLE tariff (
  id TEXT PRIMARY KEY,
  product TEXT NOT NULL,
  version INTEGER NOT NULL,
  customer_class TEXT NOT NULL CHECK (customer_class IN ('general', 'small_firm', 'public')),
  unit TEXT NOT NULL CHECK (unit IN ('call', 'count', 'time', 'volume')),
  price_fen BIGINT NOT NULL CHECK (price_fen >= 0),
  trial BOOLEAN NOT NULL,
  filing_no TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('publicity', 'effective', 'withdrawn')),
  effective_from BIGINT,
  effective_to BIGINT,
  case_no TEXT NOT NULL,
  UNIQUE (product, customer_class, version)
);
-- At most one price is in force for a product and class of customer.
CREATE UNIQUE INDEX tariff_in_force ON tariff (product, customer_class) WHERE state = 'effective' AND effective_to IS NULL;

CREATE TABLE orders (
  id TEXT PRIMARY KEY,
  customer_org TEXT NOT NULL,
  product TEXT NOT NULL,
  customer_class TEXT NOT NULL,
  purpose TEXT NOT NULL,
  terms_version TEXT NOT NULL,
  terms_digest TEXT NOT NULL,
  accepted_at BIGINT NOT NULL,
  accepted_by TEXT NOT NULL,
  quota_month BIGINT NOT NULL,
  valid_from TEXT NOT NULL,
  valid_to TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'suspended', 'ended')),
  case_no TEXT NOT NULL UNIQUE
);
CREATE INDEX orders_customer ON orders (customer_org);
CREATE TABLE api_key (
  id TEXT PRIMARY KEY,
  order_id TEXT NOT NULL REFERENCES orders (id),
  sealed BLOB NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'ended')),
  created BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  revoked BIGINT
);
-- The gateway feed's version: moved in the same transaction as whatever it shows.
CREATE TABLE feed_version (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  version BIGINT NOT NULL
);
INSERT INTO feed_version (id, version) VALUES (1, 1);

CREATE TABLE usage_segment (
  name TEXT PRIMARY KEY,
  sha256 TEXT NOT NULL,
  sm3 TEXT NOT NULL,
  first_record BIGINT NOT NULL,
  last_record BIGINT NOT NULL,
  records BIGINT NOT NULL,
  sealed_at BIGINT NOT NULL
);
-- Charged calls of sealed segments, added up once per segment.
CREATE TABLE usage_month (
  month TEXT NOT NULL,
  order_id TEXT NOT NULL,
  tariff TEXT NOT NULL,
  product TEXT NOT NULL,
  customer_org TEXT NOT NULL,
  agreement TEXT NOT NULL,
  calls BIGINT NOT NULL,
  rows BIGINT NOT NULL,
  PRIMARY KEY (month, order_id, tariff)
);
CREATE TABLE statement (
  id TEXT PRIMARY KEY,
  month TEXT NOT NULL,
  customer_org TEXT NOT NULL,
  operator_org TEXT NOT NULL,
  agreement TEXT NOT NULL,
  amount_fen BIGINT NOT NULL,
  fee_fen BIGINT NOT NULL,
  lines TEXT NOT NULL,
  digest TEXT NOT NULL,
  closed_at BIGINT NOT NULL,
  paid_fen BIGINT NOT NULL DEFAULT 0,
  UNIQUE (month, customer_org, agreement)
);
CREATE TABLE remittance (
  id TEXT PRIMARY KEY,
  month TEXT NOT NULL,
  agreement TEXT NOT NULL,
  operator_org TEXT NOT NULL,
  fen BIGINT NOT NULL CHECK (fen > 0),
  state TEXT NOT NULL CHECK (state IN ('remitted', 'received')),
  voucher TEXT NOT NULL,
  case_no TEXT NOT NULL UNIQUE,
  at BIGINT NOT NULL
);
