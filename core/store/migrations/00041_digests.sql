-- +goose Up
-- Anyone may ask whether the digest of a file is on record.
CREATE INDEX attachment_sha256 ON attachment (sha256);
CREATE INDEX case_event_digest ON case_event (form_digest);
