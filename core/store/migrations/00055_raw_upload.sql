-- +goose Up
-- A delivery may come in parts, by a program, or be fetched: object is the name of its bytes in the
-- vault (empty: they lie under id), way is how it came.
ALTER TABLE raw_file ADD COLUMN object TEXT NOT NULL DEFAULT '';
ALTER TABLE raw_file ADD COLUMN way TEXT NOT NULL DEFAULT 'upload';

-- Scratch: what is being handed in and is not on record yet. touched is of the wall clock, in
-- milliseconds; start is the first byte of a part.
CREATE TABLE raw_upload (
  id TEXT PRIMARY KEY,
  case_no TEXT NOT NULL,
  hookup TEXT NOT NULL,
  way TEXT NOT NULL,
  name TEXT NOT NULL,
  size BIGINT NOT NULL,
  sha256 TEXT NOT NULL DEFAULT '',
  push_key TEXT NOT NULL DEFAULT '',
  watermark TEXT NOT NULL DEFAULT '',
  person TEXT NOT NULL,
  org TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'complete', 'taken')),
  touched BIGINT NOT NULL
);
CREATE INDEX raw_upload_case ON raw_upload (case_no, person);
CREATE TABLE raw_upload_part (
  upload TEXT NOT NULL,
  start BIGINT NOT NULL,
  size BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (upload, start)
);

-- A batch that a source's program pushed under a key of its own; the same key is the same batch.
CREATE TABLE raw_push (
  hookup TEXT NOT NULL REFERENCES hookup (id),
  push_key TEXT NOT NULL,
  raw TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (hookup, push_key)
);

-- What the platform fetches from for a hookup. spec holds no secret; due is when it is fetched next
-- (empty: only when asked), watermark the highest value that is on record.
CREATE TABLE connector (
  hookup TEXT PRIMARY KEY REFERENCES hookup (id),
  spec TEXT NOT NULL,
  digest TEXT NOT NULL,
  watermark TEXT NOT NULL DEFAULT '',
  due BIGINT,
  last_job TEXT NOT NULL DEFAULT '',
  fetched BIGINT,
  code TEXT NOT NULL DEFAULT '',
  outcome TEXT NOT NULL DEFAULT ''
);
CREATE INDEX connector_due ON connector (due);

-- The newest test of a case's connection.
CREATE TABLE connector_probe (
  case_no TEXT PRIMARY KEY,
  digest TEXT NOT NULL,
  ok BOOLEAN NOT NULL,
  code TEXT NOT NULL,
  say TEXT NOT NULL,
  detail TEXT NOT NULL,
  at BIGINT NOT NULL
);
