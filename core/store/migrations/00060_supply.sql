-- +goose Up
-- A supply request (供给需求单, clause 7.2): what an operator asked of a source, and how it was answered.
-- source_org is empty until the request names an item or a department.
CREATE TABLE supply_request (
  case_no TEXT PRIMARY KEY,
  item TEXT NOT NULL,
  source_org TEXT NOT NULL,
  operator_org TEXT NOT NULL,
  division TEXT NOT NULL,
  title TEXT NOT NULL,
  held TEXT NOT NULL CHECK (held IN ('', 'yes', 'no')),
  submitted BIGINT NOT NULL,
  forwarded BIGINT,
  answer_due BIGINT,
  answer_due_year INTEGER NOT NULL DEFAULT 0,
  answer TEXT NOT NULL CHECK (answer IN ('', 'agreed', 'refused')),
  answered BIGINT,
  ground TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL CHECK (state IN ('open', 'supplied', 'refused', 'nonconforming', 'withdrawn')),
  closed BIGINT
);
CREATE UNIQUE INDEX supply_request_open ON supply_request (operator_org, item) WHERE state = 'open' AND item <> '';
CREATE INDEX supply_request_source ON supply_request (source_org, state);

-- The first leg (归集): what a source has brought together on the city's data platform.
CREATE TABLE supply_collection (
  id TEXT PRIMARY KEY,
  item TEXT NOT NULL,
  source_org TEXT NOT NULL,
  division TEXT NOT NULL,
  mode TEXT NOT NULL,
  collected TEXT NOT NULL,
  place TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('collected', 'ended')),
  case_no TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE UNIQUE INDEX supply_collection_item ON supply_collection (item) WHERE state = 'collected';

-- What came over a hookup when, as it was at that time: the same bytes delivered twice are two deliveries.
CREATE TABLE supply_delivery (
  id TEXT PRIMARY KEY,
  hookup TEXT NOT NULL,
  raw TEXT NOT NULL,
  received BIGINT NOT NULL,
  period TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('received', 'made', 'accepted', 'rejected', 'failed', 'same')),
  version TEXT NOT NULL DEFAULT '',
  row_count BIGINT,
  UNIQUE (hookup, raw, received)
);
CREATE INDEX supply_delivery_open ON supply_delivery (hookup, received);

-- The supply calendar: one row for each period in which a delivery is expected. due is the end of the
-- last day in time; NULL while due_year is not published.
CREATE TABLE supply_period (
  hookup TEXT NOT NULL,
  starts TEXT NOT NULL,
  ends TEXT NOT NULL,
  due BIGINT,
  due_year INTEGER NOT NULL DEFAULT 0,
  delivery TEXT NOT NULL DEFAULT '',
  delivered BIGINT,
  alarm TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (hookup, starts)
);
CREATE INDEX supply_period_due ON supply_period (due) WHERE delivery = '' AND alarm = '';

-- A late, short, unreadable or changed-schema delivery that was noticed. How it is handled is the case.
CREATE TABLE supply_alarm (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('late', 'short', 'schema', 'failed')),
  hookup TEXT NOT NULL,
  item TEXT NOT NULL,
  source_org TEXT NOT NULL,
  operator_org TEXT NOT NULL,
  division TEXT NOT NULL,
  period TEXT NOT NULL,
  delivery TEXT NOT NULL,
  said TEXT NOT NULL,
  raised BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'resolved')),
  case_no TEXT NOT NULL DEFAULT '',
  resolved BIGINT
);
CREATE UNIQUE INDEX supply_alarm_open ON supply_alarm (hookup, kind) WHERE state = 'open';
CREATE INDEX supply_alarm_case ON supply_alarm (case_no);
