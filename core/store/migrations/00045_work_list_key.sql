-- +goose Up
-- With the revision in its key, the index alone tells whether a row of a work list is the one already read.
DROP INDEX case_turn;
CREATE INDEX case_turn ON case_file (turn, due_sort, no, revision);
