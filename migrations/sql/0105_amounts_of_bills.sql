-- What may be paid otherwise than bill by bill in full: parts, all arrears in one sum, and accounts without a bill; and what the payer pays
-- for it.

alter table bill add column covers uuid[] not null default '{}';          -- the bills that are paid by this sum
alter table bill add column within uuid;                                  -- the sum by which it was last paid
alter table bill_payment
  add column payer_fee  bigint   not null default 0 check (payer_fee >= 0),   -- fen on top of the amount
  add column part       boolean  not null default false;                      -- the bill was not paid up by it

drop index bill_payment_live;
create unique index bill_payment_live on bill_payment (book, bill)
  where state not in ('rejected', 'refunded', 'late_success') and not (part and state = 'paid');
