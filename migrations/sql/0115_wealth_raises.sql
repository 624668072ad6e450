-- Wealth products of the bank that are raised for a time: how each raise stands, and what every subscription asked for and was given. What
-- a product says is the catalogue's.

create table wealth_raise (
  book           int         not null,                  -- 0
  product        text        not null,
  version        int         not null,                  -- of the catalogue
  sold           bigint      not null default 0 check (sold >= 0),  -- fen that are not cancelled
  arrivals       bigint      not null default 0,        -- subscriptions taken, cancelled ones too
  full_at        timestamptz,                           -- the target was reached, by arrival
  closed_at      timestamptz,                           -- the bank has closed it early
  ended          text        not null default '' check (ended in ('', 'formed', 'failed')),
  ended_on       date,                                  -- its last day
  begins_on      date,                                  -- earns from that day on
  matures_on     date,
  demand_rate    bigint      not null default 0,        -- millionths a year, of its money until then
  back_on        date,                                  -- when interest of the raise, and what was not allotted, is given back
  credit_on      date,                                  -- when principal and gain are credited; known on maturity
  yields         bigint,                                -- millionths a year that the bank pays, if not what was expected
  allotted_on    date,                                  -- all subscriptions are allotted, or known to have failed
  given_back_on  date,
  paid_on        date,
  recorded_at    timestamptz not null,
  primary key (book, product)
);
create index wealth_raise_open on wealth_raise (book, product) where allotted_on is null;
create index wealth_raise_due on wealth_raise (book, back_on) where ended <> '' and given_back_on is null;
create index wealth_raise_matures on wealth_raise (book, matures_on) where ended = 'formed' and paid_on is null;

create table wealth_subscription (
  book       int         not null,
  id         uuid        not null,
  person     uuid        not null,
  product    text        not null,
  arrival    bigint      not null,                      -- 1, 2, 3, …
  asked      bigint      not null,                      -- fen
  given      bigint      not null,                      -- fen taken: less than asked of the one with whom the target is reached
  allotted   bigint      not null default 0,            -- fen, once formed
  placed_on  date        not null,                      -- business date; its money earns from then on
  placed_at  timestamptz not null,
  state      text        not null check (state in ('subscribed', 'cancelled', 'allotted', 'running', 'failed', 'back', 'paid')),
  interest   bigint      not null default 0,            -- fen, of the raise
  gain       bigint      not null default 0,            -- fen
  settled_on date,                                      -- cancelled, given back or paid on that business date
  primary key (book, id),
  check (given between 1 and asked),
  check (allotted between 0 and given)
);
create index wealth_subscription_person on wealth_subscription (book, person, placed_at);
create index wealth_subscription_product on wealth_subscription (book, product, state, id);

grant select, insert, update on wealth_raise, wealth_subscription to tapwealth_program;
comment on table wealth_raise is 'distributed by book: how raises of the bank''s wealth products stand';
comment on table wealth_subscription is 'distributed by book: subscriptions to the bank''s wealth products';
