-- +goose Up
-- Double entry. Rows are only ever inserted; a mistake is reversed by another transaction.
CREATE TABLE ledger_tx (
  key TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  period TEXT NOT NULL,
  purpose TEXT NOT NULL,
  clause TEXT NOT NULL,
  case_no TEXT NOT NULL,
  person TEXT NOT NULL,
  reverses TEXT UNIQUE REFERENCES ledger_tx (key)
);
CREATE INDEX ledger_tx_period ON ledger_tx (period, at);
CREATE TABLE ledger_posting (
  tx TEXT NOT NULL REFERENCES ledger_tx (key),
  n INTEGER NOT NULL,
  account TEXT NOT NULL,
  party TEXT NOT NULL,
  fen BIGINT NOT NULL CHECK (fen <> 0),
  PRIMARY KEY (tx, n)
);
CREATE INDEX ledger_posting_account ON ledger_posting (account, party);
-- One row per account and party, locked while its floor is checked; the balance is a cache that
-- Check compares with the postings.
CREATE TABLE ledger_balance (
  account TEXT NOT NULL,
  party TEXT NOT NULL,
  fen BIGINT NOT NULL,
  PRIMARY KEY (account, party)
);
