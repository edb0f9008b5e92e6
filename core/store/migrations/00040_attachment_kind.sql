-- +goose Up
-- What an attachment is, where it is more than an enclosure: 'signed_scan' is the scan of the signed paper (签署扫描件).
ALTER TABLE attachment ADD COLUMN kind TEXT NOT NULL DEFAULT '';
