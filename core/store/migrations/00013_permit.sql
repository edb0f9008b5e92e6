-- +goose Up
-- What permit.May answers from. Instants are milliseconds; valid_to is the first instant that is outside.
CREATE TABLE permit_scope (
  agreement TEXT NOT NULL,
  operator_org TEXT NOT NULL,
  item TEXT NOT NULL,
  field TEXT NOT NULL,
  valid_from BIGINT NOT NULL,
  valid_to BIGINT NOT NULL,
  PRIMARY KEY (agreement, item, field)
);
CREATE INDEX permit_scope_item ON permit_scope (item);
-- A grant (使用许可) of fields for a purpose and a period; one row for each catalogue item it names.
CREATE TABLE permit_grant (
  id TEXT NOT NULL,
  demand_case TEXT NOT NULL,
  agreement TEXT NOT NULL,
  org TEXT NOT NULL,
  scenario TEXT NOT NULL,
  purpose TEXT NOT NULL,
  item TEXT NOT NULL,
  fields TEXT NOT NULL,
  valid_from BIGINT NOT NULL,
  valid_to BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'revoked')),
  created BIGINT NOT NULL,
  PRIMARY KEY (id, item),
  UNIQUE (demand_case, item)
);
CREATE INDEX permit_grant_org ON permit_grant (org, state);
-- What stands on the filed and public product list, from and until when. product is the id of a
-- list item or of a registered product.
CREATE TABLE permit_listing (
  product TEXT NOT NULL,
  agreement TEXT NOT NULL,
  purposes TEXT NOT NULL,
  valid_from BIGINT NOT NULL,
  valid_to BIGINT,
  PRIMARY KEY (product, valid_from)
);
CREATE TABLE permit_stop (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('agreement', 'org', 'product', 'grant', 'item')),
  key TEXT NOT NULL,
  since BIGINT NOT NULL,
  until BIGINT,
  reason TEXT NOT NULL,
  case_no TEXT NOT NULL,
  lifted_case TEXT NOT NULL DEFAULT ''
);
CREATE INDEX permit_stop_key ON permit_stop (kind, key, since);
