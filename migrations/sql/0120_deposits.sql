-- Deposits of people at the partner bank, as they stand; what happened to each is in deposit_event.

create table deposit (
  book         int         not null,
  id           uuid        not null,
  person       uuid        not null,
  number       text        not null,                    -- its name at the bank
  product      text        not null,
  version      int         not null,                    -- of the product: that of its opening, or of its last renewal
  form         text        not null check (form in ('demand', 'fixed_term', 'notice', 'certificate')),
  account      bigint      not null,                    -- of the ledger: owned by the deposit
  balance      bigint      not null check (balance >= 0),
  rate         int         not null check (rate >= 0),  -- millionths a year, of its term
  first        date        not null,                    -- from which it earns, of its term
  term         text,
  due          date,
  at_maturity  text        check (at_maturity in ('renew', 'pay', 'keep')),
  state        text        not null check (state in ('open', 'overdue', 'closed')),
  opened_on    date        not null,                    -- business date
  opened_at    timestamptz not null,                    -- when the request was read
  closed_on    date,
  primary key (book, id),
  unique (book, number),
  check ((term is null) = (due is null) and (term is null) = (at_maturity is null)),
  check ((state = 'closed') = (closed_on is not null)),
  check (state <> 'closed' or balance = 0)
) with (fillfactor = 80);
create index deposit_person on deposit (book, person, opened_at);
create index deposit_overdue on deposit (book, due) where state = 'overdue';
create index deposit_due on deposit (book, due) where state = 'open' and due is not null;

alter table notice drop constraint notice_kind_check;
alter table notice add constraint notice_kind_check
  check (kind in ('security', 'card', 'bill', 'fund', 'insurance', 'deposit'));

grant select, insert, update on deposit to tapwealth_program;
comment on table deposit is 'distributed by book: deposits of people';
