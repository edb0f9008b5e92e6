-- +goose Up
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
);
CREATE TABLE business_clock (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  offset_ms BIGINT NOT NULL
);
INSERT INTO business_clock (id, offset_ms) VALUES (1, 0);

-- The log: leaves and completed subtrees are only ever inserted.
CREATE TABLE audit_head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  size BIGINT NOT NULL,
  at BIGINT,
  head BLOB
);
INSERT INTO audit_head (id, size) VALUES (1, 0);
CREATE TABLE audit_leaf (
  seq BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  type TEXT NOT NULL,
  actor TEXT NOT NULL,
  org TEXT NOT NULL,
  object TEXT NOT NULL,
  action TEXT NOT NULL,
  result TEXT NOT NULL,
  public BLOB NOT NULL,
  body BLOB,
  salt BLOB
);
CREATE INDEX audit_leaf_object ON audit_leaf (object, seq);
CREATE INDEX audit_leaf_actor ON audit_leaf (actor, seq);
CREATE INDEX audit_leaf_type ON audit_leaf (type, seq);
CREATE TABLE audit_node (
  level INTEGER NOT NULL,
  idx BIGINT NOT NULL,
  sha BLOB NOT NULL,
  sm3 BLOB NOT NULL,
  PRIMARY KEY (level, idx)
);
CREATE TABLE audit_checkpoint (
  size BIGINT PRIMARY KEY,
  prev_size BIGINT NOT NULL UNIQUE,
  at BIGINT NOT NULL,
  head BLOB NOT NULL,
  note BLOB,
  note_sm BLOB
);

-- Secrets sealed under the key-encryption key, which is never in here.
CREATE TABLE sealed_secret (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  sealed BLOB NOT NULL,
  created BIGINT NOT NULL,
  retired BIGINT
);
-- Running numbers: one row per register and year, locked while a number is taken.
CREATE TABLE counter (
  name TEXT PRIMARY KEY,
  last BIGINT NOT NULL
);
-- Runtime values of dated parameters, laid over the shipped ones.
CREATE TABLE parameter (
  key TEXT NOT NULL,
  valid_from TEXT NOT NULL,
  value TEXT NOT NULL,
  source TEXT NOT NULL,
  case_no TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (key, valid_from)
);
-- Yearly arrangements of holidays (放假调休安排) recorded while the platform runs: the last one of a
-- year replaces the shipped or earlier one whole. notice is the calendar's own JSON.
CREATE TABLE calendar_notice (
  case_no TEXT PRIMARY KEY,
  year BIGINT NOT NULL,
  at BIGINT NOT NULL,
  source TEXT NOT NULL,
  notice TEXT NOT NULL
);
