-- Cards in phones, merchants with terminals, and what happens between them. An authorisation lies in the cardholder's book; merchants and
-- terminals belong to the whole house (book 0).

create table card_token (
  book          int         not null,
  id            uuid        not null,
  person        uuid        not null,
  token_lookup  bytea       not null,                   -- keyed hash of the token number
  sealed        bytea       not null,                   -- the token number
  masked_token  text        not null,
  psn           text        not null,
  expiry        text        not null,                   -- YYMM
  master_key    text        not null,                   -- which issuer master key derives the card's key
  last_atc      int         not null default 0,         -- greatest application transaction counter seen
  state         text        not null default 'active' check (state in ('active', 'suspended', 'deleted')),
  issued_at     timestamptz not null,
  primary key (book, id),
  unique (book, person, psn)
);

create table token_directory (                          -- which book a token number routes to
  token_lookup  bytea not null,
  book          int   not null,
  token         uuid  not null,
  primary key (token_lookup)
);

create table merchant (
  book           int         not null,                  -- 0
  id             uuid        not null,
  merchant_number text       not null,                  -- field 42
  name           text        not null,
  category_code  text        not null,                  -- MCC
  credit_code    text        not null,                  -- unified social credit code
  settlement_account text    not null,                  -- at the bank
  fee_bp         int         not null,                  -- in 1/100 percent of the amount
  fee_cap        bigint      not null default 0,        -- fen; 0: none
  opened_at      timestamptz not null,
  primary key (book, id),
  unique (book, merchant_number)
);

create table terminal (
  book             int         not null,                -- 0
  terminal_number  text        not null,                -- field 41
  merchant         uuid        not null,
  sealed_mac_key   bytea       not null,
  enrolled_at      timestamptz not null,
  primary key (book, terminal_number)
);

create table authorisation (
  book            int         not null,
  id              uuid        not null,
  token           uuid        not null,
  person          uuid        not null,
  merchant        uuid        not null,
  merchant_number text        not null,
  terminal_number text        not null,
  batch           text        not null,
  stan            text        not null,
  amount          bigint      not null,
  atc             int         not null,
  state           text        not null check (state in ('approved', 'declined', 'reversed', 'captured', 'expired')),
  response_code   text        not null,
  reason          text        not null,                 -- what operations read
  authorisation_code text     not null,
  rrn             text        not null,
  wallet_amount   bigint      not null default 0,
  fund_units      bigint      not null default 0,       -- units held, at 1.0000 equal to fen
  icc_answer      bytea       not null default '',      -- ARPC and its response code, for field 55
  business_date   date        not null,
  received_at     timestamptz not null,
  captured_on     date,
  captured_amount bigint      not null default 0,
  primary key (book, id),
  unique (book, merchant_number, terminal_number, batch, stan)
);
create index authorisation_person on authorisation (book, person, id);
create index authorisation_captured on authorisation (book, captured_on) where captured_on is not null;

create table reversal (                                 -- by the original's key; may come before the original does
  book            int         not null,
  merchant_number text        not null,
  terminal_number text        not null,
  batch           text        not null,
  stan            text        not null,
  amount          bigint      not null,
  received_at     timestamptz not null,
  primary key (book, merchant_number, terminal_number, batch, stan)
);

create table presentment (                              -- a sale in a terminal's batch upload
  book            int         not null,
  merchant_number text        not null,
  terminal_number text        not null,
  batch           text        not null,
  stan            text        not null,
  amount          bigint      not null,
  authorisation   uuid,                                 -- null: nothing on record fits
  business_date   date        not null,
  received_at     timestamptz not null,
  cleared_on      date,
  note            text        not null default '',
  primary key (book, merchant_number, terminal_number, batch, stan)
);
create index presentment_due on presentment (book, business_date) where cleared_on is null;

create table merchant_settlement (
  book           int         not null,                  -- 0
  merchant       uuid        not null,
  business_date  date        not null,
  sales          int         not null,
  gross          bigint      not null,
  fee            bigint      not null,
  net            bigint      not null,
  primary key (book, merchant, business_date)
);

grant select, insert on token_directory, merchant, terminal, reversal, merchant_settlement to tapwealth_program;
grant select, insert, update on card_token, authorisation, presentment to tapwealth_program;
comment on table card_token is 'distributed by book';
comment on table token_directory is 'distributed by token_lookup';
comment on table merchant is 'distributed by book';
comment on table terminal is 'distributed by book';
comment on table authorisation is 'distributed by book';
comment on table reversal is 'distributed by book';
comment on table presentment is 'distributed by book';
comment on table merchant_settlement is 'distributed by book';
