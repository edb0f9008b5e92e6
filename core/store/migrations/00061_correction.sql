-- +goose Up
-- A correction ticket (质量整改单, clauses 6.2.2 and 11.2) against a version of a dataset or one of its
-- fields. version is what was found wanting, answer_version what the source delivered instead.
CREATE TABLE quality_ticket (
  case_no TEXT PRIMARY KEY,
  dataset TEXT NOT NULL,
  version TEXT NOT NULL,
  field TEXT NOT NULL,
  dimension TEXT NOT NULL,
  severity TEXT NOT NULL,
  title TEXT NOT NULL,
  source_org TEXT NOT NULL,
  operator_org TEXT NOT NULL,
  division TEXT NOT NULL,
  raised BIGINT NOT NULL,
  answer TEXT NOT NULL CHECK (answer IN ('', 'explained', 'redelivered')),
  answered BIGINT,
  answer_version TEXT NOT NULL DEFAULT '',
  escalated INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'withdrawn')),
  closed BIGINT
);
CREATE INDEX quality_ticket_dataset ON quality_ticket (dataset, state);
CREATE INDEX quality_ticket_source ON quality_ticket (source_org, state);
