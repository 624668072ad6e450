-- Interest on the used part of the bank's advance line: accrued by day, charged by the bank, which debits our own money.

create table advance_interest (
  book        int    not null,                          -- 0
  day         date   not null,
  used        bigint not null check (used >= 0),        -- fen of the line that were out at the day's end
  rate        int    not null,                          -- basis points a year
  days_a_year int    not null,
  amount      bigint not null check (amount >= 0),      -- fen accrued for the day
  charge      text   not null default '',               -- end-to-end id of the bank's charge that took it
  primary key (book, day)
);
create index advance_interest_open on advance_interest (book) where charge = '';

alter table bank_receipt drop constraint bank_receipt_amount_check;
alter table bank_receipt add constraint bank_receipt_amount_check check (amount <> 0);  -- below zero: the bank took it

grant select, insert, update on advance_interest to tapwealth_program;
comment on table advance_interest is 'distributed by book';
