-- +goose Up
-- Long work: what was asked for and how it ended. Every change of a row here has its entry.
CREATE TABLE job (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  person TEXT NOT NULL,
  org TEXT NOT NULL,
  case_no TEXT NOT NULL,
  key TEXT NOT NULL UNIQUE,
  input TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
  runs INTEGER NOT NULL,
  cancel_by TEXT NOT NULL DEFAULT '',
  code TEXT NOT NULL DEFAULT '',
  message TEXT NOT NULL DEFAULT '',
  result TEXT NOT NULL DEFAULT '',
  created BIGINT NOT NULL,
  started BIGINT,
  finished BIGINT
);
CREATE INDEX job_open ON job (state, created);
CREATE INDEX job_person ON job (person, created);
CREATE INDEX job_org ON job (org, created);
CREATE TABLE job_run (
  job TEXT NOT NULL REFERENCES job (id),
  n INTEGER NOT NULL,
  worker TEXT NOT NULL,
  started BIGINT NOT NULL,
  finished BIGINT,
  outcome TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (job, n)
);

-- Scratch: no record. Lease times are of the wall clock, in milliseconds.
CREATE TABLE job_progress (
  job TEXT PRIMARY KEY,
  worker TEXT NOT NULL DEFAULT '',
  lease_until BIGINT NOT NULL DEFAULT 0,
  not_before BIGINT NOT NULL DEFAULT 0,
  done BIGINT NOT NULL DEFAULT 0,
  total BIGINT NOT NULL DEFAULT 0,
  step TEXT NOT NULL DEFAULT '',
  checkpoint TEXT NOT NULL DEFAULT ''
);
