-- +goose Up
-- A sandbox project (项目空间, clauses 6.3.2, 6.3.3): one grant, its members, its period.
CREATE TABLE project (
  no TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  org TEXT NOT NULL,
  operator_org TEXT NOT NULL,
  division TEXT NOT NULL,
  grant_id TEXT NOT NULL UNIQUE,
  scenario TEXT NOT NULL,
  list_item TEXT NOT NULL,
  purpose TEXT NOT NULL,
  valid_from BIGINT NOT NULL,
  valid_to BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'frozen', 'closed')),
  frozen_by TEXT NOT NULL DEFAULT '',
  frozen_reason TEXT NOT NULL DEFAULT '',
  failures INTEGER NOT NULL DEFAULT 0,
  rho_day BIGINT NOT NULL,
  policy TEXT NOT NULL,
  policy_digest TEXT NOT NULL,
  policy_version INTEGER NOT NULL,
  case_no TEXT NOT NULL UNIQUE,
  created BIGINT NOT NULL,
  closed BIGINT
);
CREATE INDEX project_org ON project (org, state);
CREATE TABLE project_member (
  project TEXT NOT NULL REFERENCES project (no),
  person TEXT NOT NULL,
  since BIGINT NOT NULL,
  until BIGINT,
  PRIMARY KEY (project, person)
);
-- A table of the project: which dataset version stands behind it.
CREATE TABLE project_table (
  project TEXT NOT NULL REFERENCES project (no),
  name TEXT NOT NULL,
  title TEXT NOT NULL,
  item TEXT NOT NULL,
  fields TEXT NOT NULL,
  dataset TEXT NOT NULL,
  version TEXT NOT NULL,
  path TEXT NOT NULL,
  lineages TEXT NOT NULL,
  PRIMARY KEY (project, name)
);

-- The privacy budget. ρ counts 10⁻⁹, δ counts 10⁻¹⁵. Nothing is ever given back.
CREATE TABLE budget_lineage (
  id TEXT PRIMARY KEY,
  root TEXT NOT NULL,
  unit_domain TEXT NOT NULL,
  rho BIGINT NOT NULL,
  delta BIGINT NOT NULL,
  rho_allotted BIGINT NOT NULL CHECK (rho_allotted >= 0 AND rho_allotted <= rho),
  delta_allotted BIGINT NOT NULL CHECK (delta_allotted >= 0 AND delta_allotted <= delta),
  rho_spent BIGINT NOT NULL CHECK (rho_spent >= 0 AND rho_spent <= rho),
  delta_spent BIGINT NOT NULL CHECK (delta_spent >= 0 AND delta_spent <= delta)
);
CREATE TABLE budget_slice (
  project TEXT NOT NULL REFERENCES project (no),
  lineage TEXT NOT NULL REFERENCES budget_lineage (id),
  rho BIGINT NOT NULL CHECK (rho >= 0),
  delta BIGINT NOT NULL CHECK (delta >= 0),
  rho_spent BIGINT NOT NULL CHECK (rho_spent >= 0 AND rho_spent <= rho),
  delta_spent BIGINT NOT NULL CHECK (delta_spent >= 0 AND delta_spent <= delta),
  PRIMARY KEY (project, lineage)
);
CREATE TABLE budget_developer (
  org TEXT NOT NULL,
  lineage TEXT NOT NULL REFERENCES budget_lineage (id),
  rho BIGINT NOT NULL CHECK (rho >= 0),
  rho_spent BIGINT NOT NULL CHECK (rho_spent >= 0 AND rho_spent <= rho),
  PRIMARY KEY (org, lineage)
);
CREATE TABLE budget_day (
  project TEXT NOT NULL REFERENCES project (no),
  day TEXT NOT NULL,
  rho BIGINT NOT NULL CHECK (rho >= 0),
  rho_spent BIGINT NOT NULL CHECK (rho_spent >= 0 AND rho_spent <= rho),
  PRIMARY KEY (project, day)
);
-- Every debit, one row for each lineage a question touched.
CREATE TABLE budget_debit (
  question TEXT NOT NULL,
  lineage TEXT NOT NULL,
  project TEXT NOT NULL,
  org TEXT NOT NULL,
  rho BIGINT NOT NULL,
  delta BIGINT NOT NULL,
  repeated BOOLEAN NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (question, lineage)
);
CREATE INDEX budget_debit_lineage ON budget_debit (lineage);

CREATE TABLE question (
  id TEXT PRIMARY KEY,
  project TEXT NOT NULL REFERENCES project (no),
  n INTEGER NOT NULL,
  org TEXT NOT NULL,
  person TEXT NOT NULL,
  person_name TEXT NOT NULL,
  at BIGINT NOT NULL,
  sql_text TEXT NOT NULL,
  tables TEXT NOT NULL,
  digest TEXT NOT NULL,
  policy_digest TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('intent', 'answered', 'suppressed', 'refused', 'failed')),
  rho BIGINT NOT NULL,
  delta BIGINT NOT NULL,
  debited BOOLEAN NOT NULL,
  repeated BOOLEAN NOT NULL,
  intent_seq BIGINT NOT NULL,
  release_seq BIGINT NOT NULL,
  code TEXT NOT NULL DEFAULT '',
  message TEXT NOT NULL DEFAULT '',
  answer TEXT NOT NULL DEFAULT '',
  answer_digest TEXT NOT NULL DEFAULT '',
  done BIGINT,
  UNIQUE (project, n)
);
CREATE INDEX question_open ON question (state, at);
CREATE INDEX question_canonical ON question (digest);
-- The first answer to a canonical question; whoever asks it again gets this one.
CREATE TABLE sticky_answer (
  digest TEXT PRIMARY KEY,
  answer BLOB NOT NULL,
  question TEXT NOT NULL,
  at BIGINT NOT NULL
);

-- Output release (结果出域, clause 6.3.3).
CREATE TABLE output_check (
  case_no TEXT NOT NULL,
  run INTEGER NOT NULL,
  n INTEGER NOT NULL,
  code TEXT NOT NULL,
  label TEXT NOT NULL,
  passed BOOLEAN NOT NULL,
  detail TEXT NOT NULL,
  digest TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (case_no, run, n)
);
CREATE TABLE output_finding (
  case_no TEXT NOT NULL,
  finding TEXT NOT NULL,
  kind TEXT NOT NULL,
  place TEXT NOT NULL,
  first_by TEXT NOT NULL DEFAULT '',
  first_say TEXT NOT NULL DEFAULT '',
  second_by TEXT NOT NULL DEFAULT '',
  second_say TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (case_no, finding)
);
CREATE TABLE output_opinion (
  case_no TEXT NOT NULL,
  person TEXT NOT NULL,
  person_name TEXT NOT NULL,
  org TEXT NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('release', 'return', 'refuse')),
  say TEXT NOT NULL,
  digest TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (case_no, person)
);
-- digest is the SHA-256 of the released bytes in lower-case hexadecimal; path is relative to the
-- store of artefacts.
CREATE TABLE release_artefact (
  digest TEXT PRIMARY KEY,
  project TEXT NOT NULL REFERENCES project (no),
  question TEXT NOT NULL REFERENCES question (id),
  org TEXT NOT NULL,
  title TEXT NOT NULL,
  columns TEXT NOT NULL,
  row_count INTEGER NOT NULL,
  bytes BIGINT NOT NULL,
  path TEXT NOT NULL,
  doc_no TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('released', 'revoked')),
  case_no TEXT NOT NULL UNIQUE,
  released BIGINT NOT NULL
);
CREATE INDEX release_artefact_project ON release_artefact (project);
-- Who may take the bytes out: the first answer to a question is everybody's, so two organisations
-- may come to the same bytes, each by its own review.
CREATE TABLE output_release (
  case_no TEXT PRIMARY KEY,
  digest TEXT NOT NULL REFERENCES release_artefact (digest),
  project TEXT NOT NULL REFERENCES project (no),
  question TEXT NOT NULL REFERENCES question (id),
  org TEXT NOT NULL,
  title TEXT NOT NULL,
  doc_no TEXT NOT NULL,
  released BIGINT NOT NULL,
  UNIQUE (digest, org)
);
