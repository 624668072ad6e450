-- A merchant's fee is reckoned for each sale, with a minimum and a cap; a settlement says what was refunded, paid, and kept back.

alter table merchant add column fee_minimum bigint not null default 0;                  -- fen; 0: none

alter table merchant_settlement add column refunds int not null default 0;
alter table merchant_settlement add column refunded bigint not null default 0;          -- fen
alter table merchant_settlement add column paid bigint not null default 0;              -- fen, instructed to the merchant's bank account
alter table merchant_settlement add column kept bigint not null default 0;              -- fen that stood on its accounts here afterwards
alter table merchant_settlement add column fee_due bigint not null default 0;           -- fen of fees that its receipts did not cover yet
update merchant_settlement set paid = net;
