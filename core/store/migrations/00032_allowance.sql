-- +goose Up
-- Maximum allowed income (最高准许收入, clause 10.3.1) of an agreement for a calendar year, with the
-- figures it was computed from. bridge is JSON, line by line.
CREATE TABLE allowed_revenue (
  id TEXT PRIMARY KEY,
  agreement TEXT NOT NULL,
  operator_org TEXT NOT NULL,
  year INTEGER NOT NULL,
  version INTEGER NOT NULL,
  cost_fen BIGINT NOT NULL CHECK (cost_fen >= 0),
  profit_fen BIGINT NOT NULL CHECK (profit_fen >= 0),
  tax_fen BIGINT NOT NULL CHECK (tax_fen >= 0),
  deduction_fen BIGINT NOT NULL CHECK (deduction_fen >= 0),
  allowed_fen BIGINT NOT NULL CHECK (allowed_fen >= 0),
  yield_bp INTEGER NOT NULL,
  spread_bp INTEGER NOT NULL,
  industry_bp INTEGER NOT NULL,
  bridge TEXT NOT NULL,
  digest TEXT NOT NULL,
  doc_no TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('in_force', 'superseded')),
  case_no TEXT NOT NULL UNIQUE,
  decided BIGINT NOT NULL,
  UNIQUE (agreement, year, version)
);
CREATE UNIQUE INDEX allowed_revenue_in_force ON allowed_revenue (agreement, year) WHERE state = 'in_force';

-- Ceilings (上限收费标准, clause 10.3.1b) per form of product under an agreement.
CREATE TABLE ceiling (
  id TEXT PRIMARY KEY,
  agreement TEXT NOT NULL,
  form TEXT NOT NULL CHECK (form IN ('api', 'model', 'report')),
  unit TEXT NOT NULL CHECK (unit IN ('call', 'count', 'time', 'volume')),
  max_fen BIGINT NOT NULL CHECK (max_fen >= 0),
  expected BIGINT NOT NULL CHECK (expected > 0),
  doc_no TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('in_force', 'superseded')),
  effective_from BIGINT NOT NULL,
  effective_to BIGINT,
  case_no TEXT NOT NULL
);
CREATE UNIQUE INDEX ceiling_in_force ON ceiling (agreement, form, unit) WHERE state = 'in_force';
CREATE INDEX ceiling_case ON ceiling (case_no);
