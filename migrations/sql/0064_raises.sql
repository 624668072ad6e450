-- Raises: a fund's units sold by arrival until a target is reached, what each subscription asked for and was given, and what became of it.

create table raise_offering (
  book         int         not null,                    -- 0
  fund         text        not null,
  opens_at     timestamptz not null,
  closes_at    timestamptz not null,
  target       bigint      not null check (target > 0), -- fen
  minimum      bigint      not null,                    -- fen; the smallest order
  step         bigint      not null,                    -- fen; orders rise in whole steps above it
  cap          bigint      not null,                    -- fen; of one person in all, 0: none
  least        bigint      not null,                    -- fen; with less raised the fund is not formed
  rate         bigint      not null,                    -- millionths a year that accepted money earns until it ends
  proposal     uuid        not null,                    -- who proposed and who approved it
  recorded_at  timestamptz not null,
  sold         bigint      not null default 0 check (sold between 0 and target),
  arrivals     bigint      not null default 0,          -- subscriptions that were given something
  sold_out_at  timestamptz,
  ended        text        not null default '' check (ended in ('', 'formed', 'failed')),
  ended_on     date,
  primary key (book, fund)
);

create table subscription (
  book            int     not null,
  person          uuid    not null,
  fund            text    not null,
  fund_order      uuid    not null,                     -- the order (020) that carries it
  arrival         bigint  not null,                     -- 1, 2, 3, … in the order in which the raise was sold
  asked           bigint  not null,                     -- fen
  given           bigint  not null,                     -- fen; less than asked of the one with whom the target is reached
  accepted_on     date,                                 -- by the registrar (120): its money earns interest from then on
  interest        bigint  not null default 0,           -- fen, as the registrar said at the end (130, 149)
  primary key (book, person, fund, fund_order),
  check (given between 1 and asked)
);

alter table fund_order drop constraint fund_order_state_check;
alter table fund_order add constraint fund_order_state_check
  check (state in ('placed', 'sent', 'accepted', 'deferred', 'confirmed', 'refused', 'cancelled', 'paid'));

grant select, insert, update on raise_offering, subscription to tapwealth_program;
comment on table raise_offering is 'distributed by book';
comment on table subscription is 'distributed by book';

-- foreign keys
alter table subscription add constraint subscription_order foreign key (book, fund_order) references fund_order (book, id);
