-- Funds: the shelf, the holders as the registrar knows them, orders and what became of them, and the files exchanged.

create table fund (
  book               int      not null,                 -- 0
  code               text     not null,
  asset              smallint not null,                 -- the ledger's number of its units
  name               text     not null,
  name_en            text     not null,
  registrar          text     not null,                 -- code of its registrar
  risk_level         smallint not null,                 -- R1 … R5
  cut_off_hour       smallint not null,                 -- Shanghai
  custody_account    text     not null,                 -- at the bank
  primary key (book, code)
);

create table sales_channel (                            -- a distributor's code, and what it lets its holders do with a fund
  book               int      not null,                 -- 0
  code               text     not null,
  fund               text     not null,
  own                boolean  not null,                 -- our own customers pay from their wallets; another's from its receipt
  minimum_purchase   bigint   not null,                 -- fen
  day_cap            bigint   not null,                 -- fen of a holder's orders for one dealing day; 0: none
  holding_cap        bigint   not null,                 -- fen; 0: none
  primary key (book, code, fund)
);

create table fund_account (                             -- a holder: the registrar knows it by channel, TA account and trading account
  book                int         not null,
  id                  uuid        not null,             -- owner of its ledger account; for our own customers the person
  channel             text        not null,
  trading_account     text        not null,
  ta_account          text        not null,             -- '' until the registrar has given one
  application_serial  text        not null,
  business_code       text        not null,
  sealed              bytea       not null,             -- name, identity number and payout account, for the application
  shown_name          text        not null,
  state               text        not null check (state in ('applied', 'sent', 'open', 'refused')),
  reason              text        not null default '',
  business_date       date        not null,
  sent_on             date,
  applied_at          timestamptz not null,
  primary key (book, id),
  unique (book, channel, application_serial)
);
create index fund_account_trading on fund_account (book, channel, trading_account);
create index fund_account_unsent on fund_account (book, business_date) where state = 'applied';

create table trading_account_directory (                -- which book a trading account routes to
  channel          text not null,
  trading_account  text not null,
  book             int  not null,
  primary key (channel, trading_account)
);

create table fund_order (
  book             int         not null,
  id               uuid        not null,
  serial           text        not null,                -- AppSheetSerialNo
  channel          text        not null,
  fund             text        not null,
  fund_account     uuid        not null,
  funding          bigint      not null,                -- ledger account the money came from and would go back to
  holding          bigint      not null,                -- ledger account of the units
  business_code    text        not null,
  amount           bigint      not null default 0,      -- fen
  units            bigint      not null default 0,      -- 1/100 unit; redemptions and fast transfers
  received_at      timestamptz not null,
  dealing_date     date        not null,
  business_date    date        not null,
  state            text        not null check (state in ('placed', 'sent', 'confirmed', 'refused')),
  sent_on          date,                                -- date of the file it went out in
  confirmed_on     date,
  confirmed_amount bigint      not null default 0,
  confirmed_units  bigint      not null default 0,
  return_code      text        not null default '',
  source           uuid,                                -- the tap that a fast transfer covers
  primary key (book, id),
  unique (book, channel, serial)
);
create index fund_order_dealing on fund_order (book, dealing_date, channel);
create index fund_order_account on fund_order (book, fund_account, dealing_date);

create table exchange_file (
  book           int         not null,                  -- 0
  name           text        not null,
  outgoing       boolean     not null,
  digest         bytea       not null,                  -- SHA-256
  records        int         not null,
  business_date  date        not null,
  recorded_at    timestamptz not null,
  primary key (book, name)
);

create table fund_quotation (
  book             int         not null,                -- 0
  fund             text        not null,
  day              date        not null,
  income_per_10k   bigint      not null,                -- 1/10,000 yuan
  seven_day_yield  bigint      not null,                -- 1/1,000 percent
  day_income       bigint      not null,                -- fen, by the registrar
  total_units      bigint      not null,
  computed_income  bigint      not null,                -- fen, by us
  recorded_at      timestamptz not null,
  primary key (book, fund, day)
);

create table fund_income (                              -- what a holder was given for a day, in units and fen alike
  book          int    not null,
  fund_account  uuid   not null,
  fund          text   not null,
  income_date   date   not null,
  amount        bigint not null,
  computed      bigint not null,
  business_date date   not null,
  primary key (book, fund_account, fund, income_date)
);

create table registrar_holding (                        -- 05 of a date, as it was received
  book             int    not null,                     -- 0
  business_date    date   not null,
  channel          text   not null,
  ta_account       text   not null,
  trading_account  text   not null,
  units            bigint not null,
  primary key (book, business_date, channel, ta_account, trading_account)
);

create table advance_redemption (                       -- the advancer's units on their way back into money
  book          int    not null,                        -- 0
  serial        text   not null,
  dealing_date  date   not null,
  units         bigint not null,
  state         text   not null check (state in ('sent', 'confirmed', 'refused', 'paid')),
  confirmed_on  date,
  paid_on       date,
  primary key (book, serial)
);
create table advance_redemption_part (
  book    int    not null,
  serial  text   not null,
  units   bigint not null,
  primary key (book, serial)
);

grant select, insert on fund, sales_channel, trading_account_directory, exchange_file, fund_quotation, fund_income,
  advance_redemption_part to tapwealth_program;
grant select, insert, update on fund_account, fund_order, advance_redemption to tapwealth_program;
grant select, insert, delete on registrar_holding to tapwealth_program;
comment on table fund is 'distributed by book';
comment on table sales_channel is 'distributed by book';
comment on table fund_account is 'distributed by book';
comment on table trading_account_directory is 'distributed by trading_account';
comment on table fund_order is 'distributed by book';
comment on table exchange_file is 'distributed by book';
comment on table fund_quotation is 'distributed by book';
comment on table fund_income is 'distributed by book';
comment on table registrar_holding is 'distributed by book';
comment on table advance_redemption is 'distributed by book';
comment on table advance_redemption_part is 'distributed by book';
