-- +goose Up
-- What the grade was derived from (GB/T 43697), a downgrade with its evaluation, the province's
-- code of an item that came with its catalogue, and the score of the description in ten-thousandths.
ALTER TABLE catalogue_item ADD COLUMN impact TEXT NOT NULL DEFAULT '';
ALTER TABLE catalogue_item ADD COLUMN degree TEXT NOT NULL DEFAULT '';
ALTER TABLE catalogue_item ADD COLUMN elements TEXT NOT NULL DEFAULT '';
ALTER TABLE catalogue_item ADD COLUMN downgrade_doc TEXT NOT NULL DEFAULT '';
ALTER TABLE catalogue_item ADD COLUMN downgrade_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE catalogue_item ADD COLUMN origin_code TEXT NOT NULL DEFAULT '';
ALTER TABLE catalogue_item ADD COLUMN score INTEGER NOT NULL DEFAULT 0;
-- What an information item means, in the source's words.
ALTER TABLE catalogue_field ADD COLUMN note TEXT NOT NULL DEFAULT '';
CREATE INDEX catalogue_item_origin ON catalogue_item (origin_code);

-- Scratch, derived from the items: which of 16,384 items hold a term, as a list of 16-bit numbers or
-- as 2,048 bytes of bits. tier: 0 in the title, 1 in names and codes, 2 in other text, 3 a facet.
CREATE TABLE catalogue_index (
  term TEXT NOT NULL,
  tier INTEGER NOT NULL,
  block INTEGER NOT NULL,
  bits BLOB NOT NULL,
  PRIMARY KEY (term, tier, block)
);
CREATE INDEX catalogue_index_facet ON catalogue_index (term) WHERE tier = 3;

-- An item whose data are older than its update cycle allows; the row goes when fresh data come in.
CREATE TABLE catalogue_stale (
  item TEXT PRIMARY KEY REFERENCES catalogue_item (id),
  data_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  since BIGINT NOT NULL
);
