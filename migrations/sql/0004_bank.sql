-- The partner bank's rails: what we instructed, what arrived, what its statements say, and what does not agree.
-- Instructions, receipts and statements belong to the whole house (book 0); their parts lie in the books whose money they move.

create table payment_instruction (
  book            int         not null,                 -- 0
  id              uuid        not null,
  end_to_end_id   text        not null,                 -- names the payment on both sides (ISO 20022 Max35Text)
  purpose         text        not null,
  direct_debit    boolean     not null,                 -- true: pain.008 from a bound card; false: pain.001
  from_account    text        not null,                 -- bank account numbers; a card's is sealed in its own table and named by its id here
  to_account      text        not null,
  counterparty    text        not null,
  amount          bigint      not null check (amount > 0),
  requested_date  date        not null,
  state           text        not null check (state in ('instructed', 'executed', 'rejected')),
  reason          text        not null default '',
  instructed_on   date        not null,                 -- business date of the entry that set the money aside
  settled_on      date,                                 -- the bank's booking date
  instructed_at   timestamptz not null,
  settled_at      timestamptz,
  primary key (book, id),
  unique (book, end_to_end_id)
);
create index payment_instruction_open on payment_instruction (book, instructed_on) where state = 'instructed';
create index payment_instruction_settled on payment_instruction (book, settled_on) where settled_on is not null;

create table instruction_part (
  book         int    not null,                         -- the book whose money moves
  instruction  uuid   not null,
  line         int    not null,
  amount       bigint not null check (amount > 0),
  source       bigint not null,                         -- ledger account the money came from and goes back to; 0 for a direct debit
  target       bigint not null,                         -- ledger account credited on arrival at one of our own bank accounts; 0: it leaves the house
  primary key (book, instruction, line)
);

create table bank_receipt (
  book           int         not null,                  -- 0
  end_to_end_id  text        not null,
  account        text        not null,
  amount         bigint      not null check (amount > 0),
  booked_on      date        not null,
  debtor         text        not null,
  text           text        not null,
  destination    text        not null,                  -- what it was recognised as
  business_date  date        not null,
  recorded_at    timestamptz not null,
  primary key (book, end_to_end_id)
);
create index bank_receipt_booked on bank_receipt (book, business_date);

create table bank_statement (
  book           int         not null,                  -- 0
  account        text        not null,
  business_date  date        not null,
  opening        bigint      not null,
  closing        bigint      not null,
  lines          jsonb       not null,                  -- [[end_to_end_id, signed amount, text], …]
  digest         bytea       not null,                  -- SHA-256 of the message as received
  recorded_at    timestamptz not null,
  primary key (book, account, business_date)
);

create table reconciliation_break (
  book           int         not null,                  -- 0
  business_date  date        not null,
  source         text        not null,                  -- which proof found it
  kind           text        not null,
  item           text        not null,
  amount         bigint      not null,
  text           text        not null,                  -- one line for a person
  accounted      boolean     not null,                  -- its money stands on an account of ours: it does not stop the proof
  recorded_at    timestamptz not null,
  primary key (book, business_date, source, kind, item)
);

grant select, insert, update on payment_instruction, bank_receipt, bank_statement to tapwealth_program;
grant select, insert on instruction_part to tapwealth_program;
grant select, insert, update, delete on reconciliation_break to tapwealth_program;
comment on table payment_instruction is 'distributed by book';
comment on table instruction_part is 'distributed by book';
comment on table bank_receipt is 'distributed by book';
comment on table bank_statement is 'distributed by book';
comment on table reconciliation_break is 'distributed by book';
