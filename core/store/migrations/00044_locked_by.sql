-- +goose Up
-- Who keeps an account shut: 'office' (an administrator of the platform), 'lead' (of its organisation), '' (too many tries, or nobody).
ALTER TABLE account ADD COLUMN locked_by TEXT NOT NULL DEFAULT '';
