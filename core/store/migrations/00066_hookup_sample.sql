-- +goose Up
-- A sample (样本) a source uploads in a hookup case, and the reading its person confirmed (clauses 6.2.2, 7.2).
-- reading and draft are JSON of the ingest room: positions and column names, no cell.
CREATE TABLE hookup_sample (
  case_no TEXT NOT NULL,
  n INTEGER NOT NULL,
  attachment TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  size BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  person TEXT NOT NULL,
  org TEXT NOT NULL,
  at BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('held', 'removed')),
  removed BIGINT,
  draft TEXT NOT NULL DEFAULT '',
  confirmed_by TEXT NOT NULL DEFAULT '',
  confirmed BIGINT,
  PRIMARY KEY (case_no, n)
);
