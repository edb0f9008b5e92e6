-- +goose Up
CREATE TABLE case_file (
  no TEXT PRIMARY KEY,
  procedure TEXT NOT NULL,
  state TEXT NOT NULL,
  title TEXT NOT NULL,
  revision BIGINT NOT NULL,
  tenant TEXT NOT NULL,
  form TEXT NOT NULL,
  org TEXT NOT NULL,
  person TEXT NOT NULL,
  role TEXT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  since BIGINT NOT NULL,
  due_at BIGINT,
  due_year INTEGER NOT NULL DEFAULT 0,
  due_sort BIGINT NOT NULL,
  owes TEXT NOT NULL,
  owes_org TEXT NOT NULL,
  handler TEXT NOT NULL,
  final BOOLEAN NOT NULL,
  backfill BOOLEAN NOT NULL,
  urged INTEGER NOT NULL,
  supervised BOOLEAN NOT NULL,
  subject TEXT NOT NULL,
  parent TEXT NOT NULL,
  rules TEXT NOT NULL,
  -- Whose turn it is, as the id of a desk: org/role for the whole desk, org/role@person for one; docs/adr/0006.
  turn TEXT NOT NULL,
  CHECK (turn = CASE WHEN final OR owes = '' THEN '' WHEN handler = '' THEN owes_org || '/' || owes
    ELSE owes_org || '/' || owes || '@' || handler END)
);
CREATE INDEX case_turn ON case_file (turn, due_sort, no);
CREATE INDEX case_due ON case_file (final, due_sort);
CREATE INDEX case_procedure ON case_file (procedure, tenant, updated);
CREATE INDEX case_person ON case_file (person, updated, no);
CREATE INDEX case_subject ON case_file (subject);
CREATE TABLE case_party (
  case_no TEXT NOT NULL REFERENCES case_file (no),
  role TEXT NOT NULL,
  org TEXT NOT NULL,
  PRIMARY KEY (case_no, role, org)
);
CREATE INDEX case_party_org ON case_party (org, role, case_no);
CREATE TABLE case_event (
  case_no TEXT NOT NULL REFERENCES case_file (no),
  n INTEGER NOT NULL,
  at BIGINT NOT NULL,
  person TEXT NOT NULL,
  person_name TEXT NOT NULL,
  org TEXT NOT NULL,
  org_name TEXT NOT NULL,
  role TEXT NOT NULL,
  behalf TEXT NOT NULL,
  action TEXT NOT NULL,
  label TEXT NOT NULL,
  from_state TEXT NOT NULL,
  to_state TEXT NOT NULL,
  opinion TEXT NOT NULL,
  clause TEXT NOT NULL,
  changed TEXT NOT NULL,
  input TEXT NOT NULL DEFAULT '{}',
  persons TEXT NOT NULL,
  elapsed INTEGER NOT NULL,
  doc_no TEXT NOT NULL,
  form_digest TEXT NOT NULL,
  revision BIGINT NOT NULL,
  PRIMARY KEY (case_no, n)
);
CREATE INDEX case_event_person ON case_event (person, case_no);
CREATE TABLE case_chain (
  case_no TEXT PRIMARY KEY REFERENCES case_file (no),
  org TEXT NOT NULL,
  action TEXT NOT NULL,
  act TEXT NOT NULL,
  stages TEXT NOT NULL,
  desk TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE TABLE chain_config (
  org TEXT NOT NULL,
  procedure TEXT NOT NULL,
  action TEXT NOT NULL,
  stages TEXT NOT NULL,
  PRIMARY KEY (org, procedure, action)
);
CREATE TABLE doc_number (
  doc_no TEXT PRIMARY KEY,
  org TEXT NOT NULL,
  year INTEGER NOT NULL,
  n BIGINT NOT NULL,
  case_no TEXT NOT NULL,
  action TEXT NOT NULL,
  at BIGINT NOT NULL,
  UNIQUE (org, year, n)
);
CREATE TABLE attachment (
  id TEXT PRIMARY KEY,
  case_no TEXT NOT NULL DEFAULT '',
  event_n INTEGER NOT NULL DEFAULT 0,
  name TEXT NOT NULL,
  size BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  media TEXT NOT NULL,
  person TEXT NOT NULL,
  org TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX attachment_case ON attachment (case_no, event_n);

-- Scratch: no record.
CREATE TABLE case_draft (
  case_no TEXT NOT NULL,
  person TEXT NOT NULL,
  form TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (case_no, person)
);
CREATE TABLE idempotency (
  person TEXT NOT NULL,
  key TEXT NOT NULL,
  digest TEXT NOT NULL,
  case_no TEXT NOT NULL,
  revision BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (person, key)
);
CREATE TABLE overdue_note (
  case_no TEXT NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (case_no, since)
);
