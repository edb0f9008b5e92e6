-- +goose Up
CREATE TABLE org (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  uscc TEXT UNIQUE,
  division TEXT NOT NULL,
  kind TEXT NOT NULL,
  legal_person BOOLEAN NOT NULL,
  address TEXT NOT NULL DEFAULT '',
  phone TEXT NOT NULL DEFAULT '',
  doc_prefix TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL,
  case_no TEXT NOT NULL DEFAULT '',
  created BIGINT NOT NULL
);
-- What an organisation is on the platform; one row for each role it was confirmed in.
CREATE TABLE org_role (
  org TEXT NOT NULL REFERENCES org (id),
  role TEXT NOT NULL,
  division TEXT NOT NULL,
  since BIGINT NOT NULL,
  until BIGINT,
  case_no TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (org, role, since)
);
CREATE UNIQUE INDEX org_role_held ON org_role (org, role) WHERE until IS NULL;
CREATE INDEX org_role_role ON org_role (role, division);
-- An organ there is one of in each division.
CREATE UNIQUE INDEX org_role_single ON org_role (role, division) WHERE until IS NULL AND role IN ('government', 'authority',
  'pricing', 'treasury', 'cyberspace', 'police', 'state_security', 'secrecy', 'market', 'auditor', 'discipline');
CREATE TABLE person (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  phone_sealed BLOB,
  phone_masked TEXT NOT NULL DEFAULT '',
  mail_sealed BLOB,
  id_card_sealed BLOB,
  id_card_masked TEXT NOT NULL DEFAULT '',
  id_card_digest TEXT UNIQUE,
  program BOOLEAN NOT NULL,
  status TEXT NOT NULL,
  created BIGINT NOT NULL
);
CREATE TABLE account (
  username TEXT PRIMARY KEY,
  person TEXT NOT NULL UNIQUE REFERENCES person (id),
  password TEXT NOT NULL,
  changed BIGINT NOT NULL,
  must_change BOOLEAN NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0,
  locked_until BIGINT,
  once_until BIGINT,
  totp_sealed BLOB,
  totp_step BIGINT NOT NULL DEFAULT 0,
  disabled BOOLEAN NOT NULL
);
CREATE TABLE password_history (
  username TEXT NOT NULL,
  password TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX password_history_username ON password_history (username, at);
-- A person's desk in an organisation (岗位). until = '' while it is held.
CREATE TABLE membership (
  person TEXT NOT NULL REFERENCES person (id),
  org TEXT NOT NULL REFERENCES org (id),
  role TEXT NOT NULL,
  ranks TEXT NOT NULL,
  lead BOOLEAN NOT NULL,
  since TEXT NOT NULL,
  until TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (person, org, role, since)
);
CREATE UNIQUE INDEX membership_held ON membership (person, org, role) WHERE until = '';
CREATE INDEX membership_org ON membership (org, role, until);
-- 委托代办: a desk held for another, for a period.
CREATE TABLE delegation (
  id TEXT PRIMARY KEY,
  from_person TEXT NOT NULL,
  to_person TEXT NOT NULL,
  org TEXT NOT NULL,
  role TEXT NOT NULL,
  valid_from TEXT NOT NULL,
  valid_to TEXT NOT NULL,
  revoked BOOLEAN NOT NULL,
  case_no TEXT NOT NULL DEFAULT ''
);
CREATE INDEX delegation_to ON delegation (to_person);
CREATE INDEX delegation_from ON delegation (from_person, org, role);
-- The three administrators (三员): the primary key on person keeps anyone from holding two.
CREATE TABLE administrator (
  person TEXT PRIMARY KEY REFERENCES person (id),
  office TEXT NOT NULL UNIQUE CHECK (office IN ('system', 'security', 'audit')),
  org TEXT NOT NULL REFERENCES org (id),
  case_no TEXT NOT NULL DEFAULT '',
  since BIGINT NOT NULL
);
CREATE TABLE message (
  id TEXT PRIMARY KEY,
  person TEXT NOT NULL,
  kind TEXT NOT NULL,
  template TEXT NOT NULL,
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  case_no TEXT NOT NULL,
  at BIGINT NOT NULL,
  read_at BIGINT
);
CREATE INDEX message_person ON message (person, at, id);
CREATE INDEX message_unread ON message (person) WHERE read_at IS NULL;
CREATE INDEX message_open ON message (case_no) WHERE kind = 'todo' AND read_at IS NULL;
-- Outbox of mail and SMS: each row has a unique effect key.
CREATE TABLE outbox (
  effect_key TEXT PRIMARY KEY,
  channel TEXT NOT NULL,
  recipient TEXT NOT NULL,
  title TEXT NOT NULL DEFAULT '',
  body TEXT NOT NULL,
  at BIGINT NOT NULL,
  not_before BIGINT NOT NULL,
  sent_at BIGINT,
  failures INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX outbox_open ON outbox (not_before) WHERE sent_at IS NULL;
CREATE TABLE related_party (
  org TEXT NOT NULL,
  other_uscc TEXT NOT NULL,
  other_name TEXT NOT NULL,
  relation TEXT NOT NULL,
  case_no TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (org, other_uscc, relation)
);

-- Days on which the digest of open moves was written.
CREATE TABLE digest_run (
  day TEXT PRIMARY KEY
);

-- Scratch: no record. A session's id is the digest of its token.
CREATE TABLE session (
  id TEXT PRIMARY KEY,
  person TEXT NOT NULL,
  created BIGINT NOT NULL,
  seen BIGINT NOT NULL,
  expires BIGINT NOT NULL DEFAULT 0,
  second_factor BOOLEAN NOT NULL,
  program BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX session_person ON session (person);
CREATE INDEX session_expires ON session (expires);
CREATE TABLE totp_begin (
  person TEXT PRIMARY KEY,
  sealed BLOB NOT NULL,
  at BIGINT NOT NULL
);
-- Failed sign-ins under names nobody has, per minute, until they are an entry.
CREATE TABLE anonymous_failure (
  minute BIGINT PRIMARY KEY,
  n BIGINT NOT NULL
);
