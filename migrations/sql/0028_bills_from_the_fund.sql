-- A bill that the fund pays in part or in all: its money is held, not moved, until the biller's word is final.

alter table bill_payment add column fund text not null default '';             -- code of the fund that pays the rest; '': the wallet alone
alter table bill_payment add column fund_units bigint not null default 0;      -- 1/100 units of it, and as many fen of the amount
alter table bill_payment add constraint bill_payment_funded check (fund_units between 0 and amount and (fund <> '' or fund_units = 0));
create index bill_payment_from_fund on bill_payment (book, person, business_date) where fund_units > 0;
