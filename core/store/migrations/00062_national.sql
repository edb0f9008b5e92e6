-- +goose Up
-- The national registration (公共数据资源登记) of a resource that entered operation. It is the registry's
-- act outside this platform: what stands here is what the source reported of it. began is when operation
-- first had data of the item, due the last instant of applying in time.
CREATE TABLE national_registration (
  item TEXT PRIMARY KEY,
  source_org TEXT NOT NULL,
  division TEXT NOT NULL,
  obliged BOOLEAN NOT NULL,
  began BIGINT,
  due BIGINT,
  due_year INTEGER NOT NULL DEFAULT 0,
  applied TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL CHECK (state IN ('none', 'applied', 'accepted', 'reviewed', 'publicity', 'objection', 'coded', 'refused', 'cancelled')),
  number TEXT NOT NULL DEFAULT '',
  coded TEXT NOT NULL DEFAULT '',
  valid_to TEXT NOT NULL DEFAULT '',
  case_no TEXT NOT NULL DEFAULT '',
  told TEXT NOT NULL DEFAULT '',
  updated BIGINT NOT NULL
);
CREATE UNIQUE INDEX national_registration_number ON national_registration (source_org, number) WHERE number <> '';
CREATE INDEX national_registration_case ON national_registration (case_no);
