-- Switches: an order whose units become those of another fund of the same registrar.

alter table fund_order add column target_fund text not null default '';       -- of a switch: the fund it goes into
alter table fund_order add column target_holding bigint not null default 0;   -- ledger account of its units
alter table fund_order add column target_units bigint not null default 0;     -- 1/100 unit, as confirmed
