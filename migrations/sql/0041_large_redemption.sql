-- What becomes of the part of a redemption that a large-redemption day leaves: '1' goes on with the next dealing day, '0' is cancelled.

alter table fund_order add column large_flag text not null default '' check (large_flag in ('', '0', '1'));

create index registrar_due_order on registrar_due (book, fund_order);
