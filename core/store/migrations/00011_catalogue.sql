-- +goose Up
-- An item of the city's resource catalogue (clauses 7.1, 7.2b); fields follow the national guide to catalogues.
CREATE TABLE catalogue_item (
  id TEXT PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  list TEXT NOT NULL,
  division TEXT NOT NULL,
  source_org TEXT NOT NULL,
  source_kind TEXT NOT NULL,
  source_dept TEXT NOT NULL,
  source_system TEXT NOT NULL,
  abstract TEXT NOT NULL,
  class_code TEXT NOT NULL,
  class TEXT NOT NULL,
  format_class TEXT NOT NULL,
  format_type TEXT NOT NULL,
  share_type TEXT NOT NULL,
  share_condition TEXT NOT NULL,
  share_mode TEXT NOT NULL,
  open_type TEXT NOT NULL,
  open_condition TEXT NOT NULL,
  update_cycle TEXT NOT NULL,
  grade TEXT NOT NULL CHECK (grade IN ('core', 'important', 'general')),
  sublevel INTEGER NOT NULL,
  grade_reason TEXT NOT NULL,
  personal BOOLEAN NOT NULL,
  sensitive BOOLEAN NOT NULL,
  source_relation TEXT NOT NULL CHECK (source_relation IN ('own', 'shared_in')),
  source_origin TEXT NOT NULL,
  consent_doc TEXT NOT NULL,
  legal_basis TEXT NOT NULL,
  authorisable TEXT NOT NULL CHECK (authorisable IN ('yes', 'conditional', 'no')),
  authorise_condition TEXT NOT NULL,
  authorise_basis TEXT NOT NULL,
  registration_no TEXT NOT NULL DEFAULT '',
  related TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('published', 'withdrawn')),
  version INTEGER NOT NULL,
  digest TEXT NOT NULL,
  published BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  withdrawn BIGINT,
  case_no TEXT NOT NULL
);
CREATE UNIQUE INDEX catalogue_item_title ON catalogue_item (source_org, title) WHERE state = 'published';
CREATE INDEX catalogue_item_state ON catalogue_item (division, state, source_org);

-- The information items (信息项) of the version in force.
CREATE TABLE catalogue_field (
  item TEXT NOT NULL REFERENCES catalogue_item (id),
  n INTEGER NOT NULL,
  name TEXT NOT NULL,
  label TEXT NOT NULL,
  type TEXT NOT NULL,
  length INTEGER NOT NULL,
  is_key BOOLEAN NOT NULL,
  nullable BOOLEAN NOT NULL,
  personal BOOLEAN NOT NULL,
  sensitive BOOLEAN NOT NULL,
  shared BOOLEAN NOT NULL,
  open BOOLEAN NOT NULL,
  authorisable BOOLEAN NOT NULL,
  PRIMARY KEY (item, name)
);

-- What each version changed; snapshot is the whole item as of that version.
CREATE TABLE catalogue_change (
  item TEXT NOT NULL REFERENCES catalogue_item (id),
  version INTEGER NOT NULL,
  act TEXT NOT NULL CHECK (act IN ('publish', 'change', 'withdraw')),
  at BIGINT NOT NULL,
  person TEXT NOT NULL,
  reason TEXT NOT NULL,
  changes TEXT NOT NULL,
  snapshot TEXT NOT NULL,
  case_no TEXT NOT NULL,
  PRIMARY KEY (item, version)
);
