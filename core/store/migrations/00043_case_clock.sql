-- +goose Up
-- When the clock's step of an overdue case was last refused; NULL = the case was only told.
ALTER TABLE overdue_note ADD COLUMN tried BIGINT;
-- Limits that wait for a year to be published.
CREATE INDEX case_unresolved ON case_file (no) WHERE due_year > 0;
