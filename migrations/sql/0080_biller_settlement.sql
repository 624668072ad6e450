-- When a biller gets its money and what it pays us for a payment; what was settled with it, and which payments that were.

alter table biller add column cycle text not null default 'next_day' check (cycle in ('next_day', 'weekly', 'monthly'));
alter table biller add column fee bigint not null default 0 check (fee >= 0);   -- fen for each payment, kept from what it gets
alter table bill_payment add column paid_out_on date;                           -- date of the settlement that has it
create index bill_payment_unsettled on bill_payment (biller, paid_on) where paid_on is not null and paid_out_on is null;
create index bill_payment_paid_out on bill_payment (biller, paid_out_on) where paid_out_on is not null;

create table biller_settlement (
  book             int     not null,                  -- 0
  biller           uuid    not null,
  day              date    not null,                  -- whose end settled it
  first            date    not null,                  -- of the cycle
  payments         int     not null,
  gross            bigint  not null,                  -- what these payments paid
  fee              bigint  not null check (fee >= 0),
  brought_forward  bigint  not null,                  -- what stood there besides
  payout           bigint  not null check (payout >= 0),
  primary key (book, biller, day),
  check (gross - fee + brought_forward = payout)
);
grant select, insert on biller_settlement to tapwealth_program;
comment on table biller_settlement is 'distributed by book: what was settled with billers, all in book 0';

-- What was paid out before there were cycles is settled.
update bill_payment set paid_out_on = paid_on
where paid_on <= (select max(business_date) from business_day where state = 'closed');
