-- +goose Up
-- What the clock asks every few seconds it finds without reading everything.
CREATE INDEX supply_delivery_unsettled ON supply_delivery (received) WHERE state IN ('received', 'made');
CREATE INDEX supply_delivery_received ON supply_delivery (received);
CREATE INDEX raw_file_received ON raw_file (received);
CREATE INDEX supply_period_unresolved ON supply_period (hookup, starts) WHERE due_year > 0;
