-- Bills: who issues them, those that were presented to a person, their payments and what became of each; and what customers were told.

create table biller (
  book          int         not null,                   -- 0
  id            uuid        not null,                   -- owner of its ledger accounts, one per book
  code          text        not null,
  name          text        not null,
  name_en       text        not null,
  region        text        not null,
  bank_account  text        not null,                   -- where it gets the money
  items         jsonb       not null,                   -- what one can pay there: input, greatest amount, service hours
  added_at      timestamptz not null,
  primary key (book, id),
  unique (book, code)
);

create table bill (                                     -- as its biller presented it to a person, the newest inquiry
  book           int         not null,
  id             uuid        not null,                  -- follows from person, biller and the biller's number of the bill
  person         uuid        not null,
  biller         uuid        not null,
  bill_number    text        not null,
  sealed         bytea       not null,                  -- account number, owner and address
  shown_account  text        not null,                  -- masked
  period         text        not null,
  amount         bigint      not null check (amount >= 0),
  penalty        bigint      not null check (penalty >= 0),
  balance        bigint      not null check (balance > 0),
  presented_at   timestamptz not null,
  primary key (book, id)
) with (fillfactor = 80);
create index bill_person on bill (book, person);

create table bill_payment (
  book              int         not null,
  id                uuid        not null,
  person            uuid        not null,
  bill              uuid        not null,
  biller            uuid        not null,
  serial            text        not null,               -- names the payment at the biller
  amount            bigint      not null check (amount > 0),
  state             text        not null
                    check (state in ('prepared', 'sent', 'unknown', 'paid', 'rejected', 'refunded', 'late_success')),
  reason            text        not null default '',
  biller_reference  text        not null default '',
  business_date     date        not null,               -- of the debit
  received_at       timestamptz not null,
  settled_on        date,                               -- business date of the entry that took the money out of suspense
  paid_on           date,                               -- business date of the entry by which it is owed to the biller
  paid_at           timestamptz,                        -- platform clock: when we heard that
  matched_on        date,                               -- date of the biller's day-end file that names it
  primary key (book, id),
  unique (book, serial),
  check ((settled_on is null) = (state in ('prepared', 'sent', 'unknown'))),
  check ((paid_on is not null) = (state in ('paid', 'late_success'))),
  check ((paid_on is null) = (paid_at is null))
) with (fillfactor = 70);
create unique index bill_payment_live on bill_payment (book, bill) where state not in ('rejected', 'refunded');
create index bill_payment_open on bill_payment (book, business_date) where settled_on is null;
create index bill_payment_settled on bill_payment (book, settled_on) where settled_on is not null;
create index bill_payment_unmatched on bill_payment (book, paid_on) where paid_on is not null and matched_on is null;
create index bill_payment_person on bill_payment (book, person, id);

create table notice (                                   -- what a customer was told, in two languages
  book     int         not null,
  id       uuid        not null,                        -- follows from the event: told once
  person   uuid        not null,
  at       timestamptz not null,
  turn     int         not null,                        -- orders a person's notices where their instants are equal
  text_zh  text        not null,
  text_en  text        not null,
  primary key (book, id)
);
create index notice_person on notice (book, person, turn);

grant select, insert on biller, notice to tapwealth_program;
grant select, insert, update on bill, bill_payment to tapwealth_program;
comment on table biller is 'distributed by book: billers, all in book 0';
comment on table bill is 'distributed by book: bills presented to people';
comment on table bill_payment is 'distributed by book: payments of bills';
comment on table notice is 'distributed by book: what customers were told';

-- foreign keys

alter table bill_payment add constraint bill_payment_bill foreign key (book, bill) references bill (book, id);
