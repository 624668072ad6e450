-- Bills that are paid without being asked each time: what a customer agreed to, and each day's look.

create table autopay (
  book           int         not null,
  id             uuid        not null,
  person         uuid        not null,
  biller         uuid        not null,
  sealed         bytea       not null,                  -- the account number at the biller
  lookup         bytea       not null,                  -- its keyed hash
  shown_account  text        not null,                  -- masked
  most           bigint      not null check (most > 0), -- fen that one bill may come to
  fund           text        not null default '',       -- pays what the wallet does not hold; '': nothing does
  state          text        not null check (state in ('active', 'ended')),
  agreed_at      timestamptz not null,
  primary key (book, id)
);
create unique index autopay_active on autopay (book, person, biller, lookup) where state = 'active';

create table autopay_run (
  book     int         not null,
  autopay  uuid        not null,
  day      date        not null,
  paid     bigint      not null check (paid >= 0),      -- fen of the bills that were placed
  state    text        not null check (state in ('nothing', 'placed', 'refused')),
  reason   text        not null default '',
  at       timestamptz not null,
  primary key (book, autopay, day)
);

grant select, insert, update on autopay to tapwealth_program;
grant select, insert on autopay_run to tapwealth_program;
comment on table autopay is 'distributed by book';
comment on table autopay_run is 'distributed by book';

-- foreign keys
alter table autopay_run add constraint autopay_run_under foreign key (book, autopay) references autopay (book, id);
