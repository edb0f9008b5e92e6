-- +goose Up
-- What was supervised (督办) is a list of its own; such acts are few among all events.
CREATE INDEX case_event_supervise ON case_event (at, case_no, n) WHERE action = 'supervise';
