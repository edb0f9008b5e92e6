-- +goose Up
-- The government's mandate of the data authority (clause 5.0). Whether it has run out is derived from valid_to.
CREATE TABLE mandate (
  id TEXT PRIMARY KEY,
  division TEXT NOT NULL,
  government_org TEXT NOT NULL,
  authority_org TEXT NOT NULL,
  doc_no TEXT NOT NULL,
  title TEXT NOT NULL,
  scope TEXT NOT NULL,
  mode TEXT NOT NULL,
  issued TEXT NOT NULL,
  valid_from TEXT NOT NULL,
  valid_to TEXT,
  evidence TEXT NOT NULL,
  digest TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('in_force', 'superseded', 'revoked')),
  backfill BOOLEAN NOT NULL,
  case_no TEXT NOT NULL UNIQUE,
  created BIGINT NOT NULL
);
CREATE UNIQUE INDEX mandate_in_force ON mandate (division) WHERE state = 'in_force';

-- An adopted implementation scheme (clause 6.1.1), one row for each version.
CREATE TABLE scheme (
  id TEXT PRIMARY KEY,
  division TEXT NOT NULL,
  version INTEGER NOT NULL,
  title TEXT NOT NULL,
  mandate TEXT NOT NULL REFERENCES mandate (id),
  authority_org TEXT NOT NULL,
  government_org TEXT NOT NULL,
  mode TEXT NOT NULL,
  term_years INTEGER NOT NULL,
  chapters TEXT NOT NULL,
  opinions TEXT NOT NULL,
  digest TEXT NOT NULL,
  doc_no TEXT NOT NULL,
  minutes_no TEXT NOT NULL,
  decided TEXT NOT NULL,
  collective BOOLEAN NOT NULL,
  evidence TEXT NOT NULL,
  valid_from TEXT NOT NULL,
  valid_to TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('in_force', 'superseded', 'revoked')),
  backfill BOOLEAN NOT NULL,
  case_no TEXT NOT NULL UNIQUE,
  created BIGINT NOT NULL,
  UNIQUE (division, version)
);
CREATE UNIQUE INDEX scheme_in_force ON scheme (division) WHERE state = 'in_force';

-- What a reviewing person concluded on a scheme in its case: legality, experts (clause 6.1.1).
CREATE TABLE scheme_review (
  case_no TEXT NOT NULL,
  n INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('legality', 'expert')),
  conclusion TEXT NOT NULL,
  experts TEXT NOT NULL,
  person TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (case_no, n)
);

-- An operation agreement (clauses 5.1, 6.1.4, 8.1). slot is what it is unique in: the authorising
-- government with or without the mode, by parameter. Whether it has expired is derived from ends.
CREATE TABLE agreement (
  id TEXT PRIMARY KEY,
  no TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  mandate TEXT NOT NULL REFERENCES mandate (id),
  scheme TEXT NOT NULL REFERENCES scheme (id),
  authority_org TEXT NOT NULL,
  operator_org TEXT NOT NULL,
  division TEXT NOT NULL,
  mode TEXT NOT NULL,
  slot TEXT NOT NULL,
  version INTEGER NOT NULL,
  signed TEXT NOT NULL,
  ends TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('in_force', 'suspended', 'ended')),
  ended TEXT,
  end_reason TEXT NOT NULL DEFAULT '',
  sections TEXT NOT NULL,
  terms TEXT NOT NULL,
  plan_digest TEXT NOT NULL,
  digest TEXT NOT NULL,
  approval_no TEXT NOT NULL,
  evidence TEXT NOT NULL,
  backfill BOOLEAN NOT NULL,
  case_no TEXT NOT NULL UNIQUE,
  created BIGINT NOT NULL
);
CREATE UNIQUE INDEX agreement_slot ON agreement (slot) WHERE state <> 'ended';
CREATE INDEX agreement_operator ON agreement (operator_org);

-- The authorised catalogue of an agreement. fields is a JSON list of names, ["*"] for all.
CREATE TABLE agreement_item (
  agreement TEXT NOT NULL REFERENCES agreement (id),
  item TEXT NOT NULL,
  fields TEXT NOT NULL,
  since TEXT NOT NULL,
  ends TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'removed')),
  case_no TEXT NOT NULL,
  PRIMARY KEY (agreement, item)
);
CREATE UNIQUE INDEX agreement_item_once ON agreement_item (item) WHERE state = 'active';

-- Every version of an agreement's scope and terms, with what changed it.
CREATE TABLE agreement_version (
  agreement TEXT NOT NULL REFERENCES agreement (id),
  version INTEGER NOT NULL,
  at BIGINT NOT NULL,
  case_no TEXT NOT NULL,
  changes TEXT NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY (agreement, version)
);

-- The government's approval of the outcome and the final plan, by the case it was given in.
CREATE TABLE agreement_approval (
  case_no TEXT PRIMARY KEY,
  no TEXT NOT NULL,
  decided TEXT NOT NULL
);

-- Objections raised in the publicity period of a case, each with its answer (clause 6.1.4).
CREATE TABLE objection (
  case_no TEXT NOT NULL,
  n INTEGER NOT NULL,
  raised_by TEXT NOT NULL,
  contact TEXT NOT NULL,
  content TEXT NOT NULL,
  received BIGINT NOT NULL,
  upheld BOOLEAN,
  answer TEXT NOT NULL DEFAULT '',
  answered BIGINT,
  answered_by TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (case_no, n)
);
