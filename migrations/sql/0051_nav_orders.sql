-- Orders of funds with a price of their own: at which price and fee each was confirmed, and since when each unit is held.

alter table fund_order add column nav bigint not null default 0;      -- 1/10,000 yuan, as the registrar confirmed it last
alter table fund_order add column charge bigint not null default 0;   -- fen, of all answers so far

create table fund_lot (                                 -- units that came to a holder at once
  book           int    not null,
  id             uuid   not null,
  fund_account   uuid   not null,
  fund           text   not null,
  confirmed_on   date   not null,                       -- their age counts from here
  number         int    not null,                       -- orders what came on one day
  units          bigint not null check (units > 0),
  source         uuid   not null,                       -- the order, or what else brought them
  business_date  date   not null,
  primary key (book, id)
);
create index fund_lot_holder on fund_lot (book, fund_account, fund);

create table fund_lot_use (                             -- units of a lot that have gone
  book           int    not null,
  lot            uuid   not null,
  source         uuid   not null,                       -- the journal entry that took them
  fund_account   uuid   not null,
  fund           text   not null,
  units          bigint not null check (units > 0),
  fee            bigint not null check (fee >= 0),      -- fen, by our own computation
  business_date  date   not null,
  primary key (book, lot, source)
);
create index fund_lot_use_holder on fund_lot_use (book, fund_account, fund);

grant select, insert on fund_lot, fund_lot_use to tapwealth_program;
comment on table fund_lot is 'distributed by book';
comment on table fund_lot_use is 'distributed by book';

-- foreign keys
alter table fund_lot_use add constraint fund_lot_use_lot foreign key (book, lot) references fund_lot (book, id);
