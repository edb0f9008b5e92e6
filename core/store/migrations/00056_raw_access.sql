-- +goose Up
-- Who opened the bytes of a raw file, when and what for (10.5.1). Never updated.
CREATE TABLE raw_access (
  id TEXT PRIMARY KEY,
  raw TEXT NOT NULL,
  hookup TEXT NOT NULL,
  person TEXT NOT NULL,
  org TEXT NOT NULL,
  purpose TEXT NOT NULL,
  case_no TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX raw_access_raw ON raw_access (raw, at);
