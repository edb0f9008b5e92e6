-- +goose Up
-- The versions of a connection's pipeline: what was proposed, by whom, and who agreed. digest is of
-- the declaration's text.
CREATE TABLE pipeline_version (
  hookup TEXT NOT NULL REFERENCES hookup (id),
  n INTEGER NOT NULL,
  digest TEXT NOT NULL,
  declaration TEXT NOT NULL,
  rows_bound INTEGER NOT NULL,
  reason TEXT NOT NULL,
  proposed_by TEXT NOT NULL,
  proposed BIGINT NOT NULL,
  decided_by TEXT NOT NULL DEFAULT '',
  decided BIGINT,
  state TEXT NOT NULL CHECK (state IN ('proposed', 'approved', 'refused')),
  case_no TEXT NOT NULL,
  PRIMARY KEY (hookup, n)
);
CREATE UNIQUE INDEX pipeline_version_open ON pipeline_version (hookup) WHERE state = 'proposed';
