-- +goose Up
-- How long the raw files of a connection are kept, in months; 0 = as the parameter raw.retain says.
ALTER TABLE hookup ADD COLUMN retain_months INTEGER NOT NULL DEFAULT 0;

-- What was destroyed and how (10.5.1): the facts a certificate states. The digest stays, here and in
-- the lineage of every version made of the file. Never updated.
CREATE TABLE raw_destruction (
  case_no TEXT NOT NULL,
  raw TEXT NOT NULL,
  hookup TEXT NOT NULL,
  name TEXT NOT NULL,
  size BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  envelope_sha256 TEXT NOT NULL,
  method TEXT NOT NULL,
  limits TEXT NOT NULL,
  parts INTEGER NOT NULL,
  person TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (case_no, raw)
);
CREATE INDEX raw_destruction_raw ON raw_destruction (raw);
