-- Sweeps: a customer's agreement that what lies above a kept balance goes into a fund every dealing day, and each day's sweep.

create table sweep_agreement (
  book          int         not null,
  id            uuid        not null,
  person        uuid        not null,
  card          uuid,                                   -- the bound bank card it sweeps; null: the wallet
  fund          text        not null,
  keep_balance  bigint      not null check (keep_balance >= 0),
  minimum_lot   bigint      not null check (minimum_lot > 0),
  daily_cap     bigint      not null check (daily_cap >= minimum_lot),
  run_before    time        not null,                   -- Shanghai
  state         text        not null check (state in ('asked', 'active', 'refused', 'ended')),
  reason        text        not null default '',        -- the bank's, where it refused
  agreed_at     timestamptz not null,
  ended_at      timestamptz,
  primary key (book, id)
);
create unique index sweep_agreement_wallet on sweep_agreement (book, person) where card is null and state = 'active';
create unique index sweep_agreement_card on sweep_agreement (book, person, card) where card is not null and state in ('asked', 'active');
create index sweep_agreement_due on sweep_agreement (book, run_before) where state = 'active';

create table sweep (
  book       int         not null,
  agreement  uuid        not null,
  day        date        not null,
  amount     bigint      not null check (amount >= 0),  -- fen
  state      text        not null check (state in ('nothing', 'missed', 'collecting', 'placed', 'refused')),
  reason     text        not null default '',
  begun_at   timestamptz not null,
  payment    text        not null default '',           -- end-to-end id of the bank's debit; '' for the wallet's
  primary key (book, agreement, day)
);
create unique index sweep_payment on sweep (book, payment) where payment <> '';
create index sweep_collecting on sweep (book, day) where state = 'collecting';

grant select, insert, update on sweep_agreement, sweep to tapwealth_program;
comment on table sweep_agreement is 'distributed by book';
comment on table sweep is 'distributed by book';

-- foreign keys
alter table sweep add constraint sweep_under foreign key (book, agreement) references sweep_agreement (book, id);
alter table sweep_agreement add constraint sweep_agreement_of foreign key (book, card) references bank_card (book, id);
