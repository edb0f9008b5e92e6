-- +goose Up
-- The use register (clause 10.1.1): who used which information item, when, for what, by which right.
-- kind: question (ref is its id), product (ref is the product's id), call (ref is day/order, times
-- the charged calls of that day).
CREATE TABLE field_use (
  kind TEXT NOT NULL CHECK (kind IN ('question', 'product', 'call')),
  ref TEXT NOT NULL,
  item TEXT NOT NULL,
  field TEXT NOT NULL,
  at BIGINT NOT NULL,
  org TEXT NOT NULL,
  person TEXT NOT NULL,
  project TEXT NOT NULL,
  product TEXT NOT NULL,
  grant_id TEXT NOT NULL,
  agreement TEXT NOT NULL,
  operator_org TEXT NOT NULL,
  source_org TEXT NOT NULL,
  purpose TEXT NOT NULL,
  times BIGINT NOT NULL,
  PRIMARY KEY (kind, ref, item, field)
);
CREATE INDEX field_use_item ON field_use (item, at);
CREATE INDEX field_use_source ON field_use (source_org, at);
CREATE INDEX field_use_org ON field_use (org, at);

-- What was asked about an information item ('' = the whole item) and how its source answered. The
-- last answer of a case counts; shown = on item pages for everybody, else on the platform only.
CREATE TABLE field_answer (
  case_no TEXT NOT NULL,
  n INTEGER NOT NULL,
  item TEXT NOT NULL REFERENCES catalogue_item (id),
  field TEXT NOT NULL,
  question TEXT NOT NULL,
  answer TEXT NOT NULL,
  shown TEXT NOT NULL CHECK (shown IN ('public', 'platform', 'case')),
  org TEXT NOT NULL,
  person TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (case_no, n)
);
CREATE INDEX field_answer_item ON field_answer (item, field);

-- A file with many items that was read for a case: each line an item as it would be entered.
CREATE TABLE catalogue_batch (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('source', 'province')),
  case_no TEXT NOT NULL,
  file TEXT NOT NULL,
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  org TEXT NOT NULL,
  division TEXT NOT NULL,
  person TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('reading', 'read', 'failed', 'applied')),
  message TEXT NOT NULL DEFAULT '',
  items TEXT NOT NULL DEFAULT '[]',
  faults TEXT NOT NULL DEFAULT '[]',
  digest TEXT NOT NULL DEFAULT '',
  marked TEXT NOT NULL DEFAULT '',
  at BIGINT NOT NULL
);
CREATE INDEX catalogue_batch_case ON catalogue_batch (case_no, at);
