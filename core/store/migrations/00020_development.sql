-- +goose Up
-- A version of the product list (拟提供的数据产品清单, clause 9). items is the snapshot of the whole
-- list, changes what it adds, alters and drops against the version before.
CREATE TABLE product_list (
  id TEXT PRIMARY KEY,
  agreement TEXT NOT NULL,
  version INTEGER NOT NULL,
  title TEXT NOT NULL,
  division TEXT NOT NULL,
  operator_org TEXT NOT NULL,
  items TEXT NOT NULL,
  changes TEXT NOT NULL,
  digest TEXT NOT NULL,
  doc_no TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('recorded', 'correcting', 'superseded')),
  case_no TEXT NOT NULL,
  recorded BIGINT NOT NULL,
  UNIQUE (agreement, version)
);
CREATE UNIQUE INDEX product_list_in_force ON product_list (agreement) WHERE state <> 'superseded';

-- One product of the list as it stands now; its id stays through the versions.
CREATE TABLE product_list_item (
  id TEXT PRIMARY KEY,
  list TEXT NOT NULL REFERENCES product_list (id),
  agreement TEXT NOT NULL,
  operator_org TEXT NOT NULL,
  name TEXT NOT NULL,
  form TEXT NOT NULL CHECK (form IN ('api', 'model', 'report')),
  purpose TEXT NOT NULL,
  summary TEXT NOT NULL,
  class TEXT NOT NULL CHECK (class IN ('public_benefit', 'industry')),
  items TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('listed', 'removed')),
  since BIGINT NOT NULL
);
CREATE UNIQUE INDEX product_list_item_name ON product_list_item (agreement, name) WHERE state = 'listed';

-- What a source says may be authorised (clause 9.1), in a round or standing until replaced.
CREATE TABLE list_scope (
  case_no TEXT PRIMARY KEY,
  round TEXT NOT NULL,
  source_org TEXT NOT NULL,
  item TEXT NOT NULL,
  fields TEXT NOT NULL,
  condition_text TEXT NOT NULL,
  person TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE UNIQUE INDEX list_scope_once ON list_scope (round, item);

-- A developer's suggestion to a round and the operator's answer (clauses 9.1, 9.3).
CREATE TABLE list_suggestion (
  case_no TEXT PRIMARY KEY,
  round TEXT NOT NULL,
  org TEXT NOT NULL,
  suggestion TEXT NOT NULL,
  adopted BOOLEAN,
  answer TEXT NOT NULL DEFAULT '',
  at BIGINT NOT NULL
);
CREATE INDEX list_suggestion_round ON list_suggestion (round);

-- A justified application scenario (应用场景, clause 6.3.1).
CREATE TABLE scenario (
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  proposer_org TEXT NOT NULL,
  operator_org TEXT NOT NULL,
  division TEXT NOT NULL,
  list_item TEXT NOT NULL REFERENCES product_list_item (id),
  benefit TEXT NOT NULL CHECK (benefit IN ('public', 'industry')),
  regulator TEXT NOT NULL,
  digest TEXT NOT NULL,
  doc_no TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('justified', 'withdrawn')),
  case_no TEXT NOT NULL UNIQUE,
  justified BIGINT NOT NULL
);
CREATE INDEX scenario_item ON scenario (list_item);

-- What a body said in the panel, on one text of the proposal.
CREATE TABLE scenario_opinion (
  case_no TEXT NOT NULL,
  body TEXT NOT NULL CHECK (body IN ('authority', 'regulator')),
  org TEXT NOT NULL,
  person TEXT NOT NULL,
  lawful BOOLEAN NOT NULL,
  necessary BOOLEAN NOT NULL,
  secure BOOLEAN NOT NULL,
  say TEXT NOT NULL,
  digest TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (case_no, body)
);

-- A demand that was granted (数据需求, clause 6.3.2); the grant itself is permit's.
CREATE TABLE demand (
  case_no TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  org TEXT NOT NULL,
  operator_org TEXT NOT NULL,
  division TEXT NOT NULL,
  scenario TEXT NOT NULL REFERENCES scenario (id),
  list_item TEXT NOT NULL,
  grant_id TEXT NOT NULL UNIQUE,
  project TEXT NOT NULL,
  base_product TEXT NOT NULL,
  doc_no TEXT NOT NULL,
  granted BIGINT NOT NULL
);
