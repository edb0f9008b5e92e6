-- +goose Up
-- A source's connection for one catalogue item (clause 6.2.2).
CREATE TABLE hookup (
  id TEXT PRIMARY KEY,
  item TEXT NOT NULL,
  source_org TEXT NOT NULL,
  operator_org TEXT NOT NULL,
  division TEXT NOT NULL,
  kind TEXT NOT NULL,
  dataset TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  pipeline_digest TEXT NOT NULL,
  cycle TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('connected', 'stopped')),
  case_no TEXT NOT NULL UNIQUE,
  created BIGINT NOT NULL,
  stopped BIGINT
);
CREATE UNIQUE INDEX hookup_item ON hookup (item) WHERE state = 'connected';
CREATE INDEX hookup_source ON hookup (source_org);

-- A delivered file in the raw zone; id is its name in the vault. The same bytes are one file.
CREATE TABLE raw_file (
  id TEXT PRIMARY KEY,
  hookup TEXT NOT NULL REFERENCES hookup (id),
  name TEXT NOT NULL,
  size BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  attachment TEXT NOT NULL,
  person TEXT NOT NULL,
  org TEXT NOT NULL,
  received BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('received', 'ingested', 'failed', 'destroyed')),
  outcome TEXT NOT NULL DEFAULT '',
  case_no TEXT NOT NULL,
  UNIQUE (hookup, sha256)
);

CREATE TABLE dataset (
  id TEXT PRIMARY KEY,
  item TEXT NOT NULL,
  title TEXT NOT NULL,
  source_org TEXT NOT NULL,
  division TEXT NOT NULL,
  unit_domain TEXT NOT NULL,
  unit_column TEXT NOT NULL,
  rows_bound INTEGER NOT NULL,
  current_version TEXT NOT NULL DEFAULT '',
  created BIGINT NOT NULL
);
CREATE INDEX dataset_item ON dataset (item);

-- An immutable version, named by the digest of what it was made of and how. path is relative to the pool.
CREATE TABLE dataset_version (
  id TEXT PRIMARY KEY,
  dataset TEXT NOT NULL REFERENCES dataset (id),
  n INTEGER NOT NULL,
  hookup TEXT NOT NULL,
  raw TEXT NOT NULL,
  rows BIGINT NOT NULL,
  quarantined BIGINT NOT NULL,
  score INTEGER NOT NULL,
  path TEXT NOT NULL,
  file_digest TEXT NOT NULL,
  schema TEXT NOT NULL,
  quality TEXT NOT NULL,
  lineage TEXT NOT NULL,
  created BIGINT NOT NULL,
  decided BIGINT,
  decided_by TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL CHECK (state IN ('made', 'accepted', 'rejected', 'withdrawn')),
  case_no TEXT NOT NULL,
  UNIQUE (dataset, n)
);
CREATE INDEX dataset_version_hookup ON dataset_version (hookup, created);
