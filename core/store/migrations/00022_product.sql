-- +goose Up
-- A registered data product (数据产品, clauses 6.3.4, 6.3.5). A row exists only with its code: what
-- has no code cannot be published. code is the platform's; national_no is the national
-- registration's confirmation, which is another act of another body.
CREATE TABLE product (
  id TEXT PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  form TEXT NOT NULL CHECK (form IN ('api', 'model', 'report')),
  list_item TEXT NOT NULL,
  agreement TEXT NOT NULL,
  operator_org TEXT NOT NULL,
  org TEXT NOT NULL,
  scenario TEXT NOT NULL,
  purpose TEXT NOT NULL,
  benefit TEXT NOT NULL CHECK (benefit IN ('public', 'industry')),
  artefact TEXT NOT NULL,
  version INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('registered', 'published', 'suspended', 'retired')),
  issuer TEXT NOT NULL,
  issuer_org TEXT NOT NULL,
  division TEXT NOT NULL,
  doc_no TEXT NOT NULL,
  national_state TEXT NOT NULL DEFAULT 'not_filed' CHECK (national_state IN ('not_filed', 'filed', 'accepted', 'publicised', 'confirmed', 'refused')),
  national_no TEXT NOT NULL DEFAULT '',
  case_no TEXT NOT NULL UNIQUE,
  registered BIGINT NOT NULL,
  published BIGINT,
  ended BIGINT
);
CREATE INDEX product_item ON product (list_item);
CREATE INDEX product_state ON product (state);
-- What one version serves. columns, params and terms are JSON or text as registered.
CREATE TABLE product_version (
  product TEXT NOT NULL REFERENCES product (id),
  version INTEGER NOT NULL,
  artefact TEXT NOT NULL,
  items TEXT NOT NULL,
  columns TEXT NOT NULL,
  params TEXT NOT NULL,
  terms TEXT NOT NULL,
  terms_digest TEXT NOT NULL,
  safety TEXT NOT NULL,
  digest TEXT NOT NULL,
  case_no TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (product, version)
);
-- The compliance review of one text of the application (clause 6.3.4).
CREATE TABLE compliance_check (
  case_no TEXT NOT NULL,
  n INTEGER NOT NULL,
  code TEXT NOT NULL,
  label TEXT NOT NULL,
  passed BOOLEAN NOT NULL,
  detail TEXT NOT NULL,
  digest TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (case_no, n)
);
