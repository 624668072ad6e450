-- Periodic plans: a customer agrees to buy a fund for a fixed amount every week or month, and what came of each period.

create table fund_plan (
  book       int         not null,
  id         uuid        not null,
  person     uuid        not null,
  fund       text        not null,
  amount     bigint      not null check (amount > 0),     -- fen
  every      text        not null check (every in ('week', 'month')),
  day        int         not null check (day between 1 and 31),
  state      text        not null check (state in ('active', 'paused', 'stopped', 'ended')),
  next_on    date        not null,                        -- planned day of the period that is bought next
  failures   int         not null default 0,              -- in a row
  agreed_at  timestamptz not null,
  ended_at   timestamptz,
  primary key (book, id)
);
create index fund_plan_of on fund_plan (book, person);
create index fund_plan_due on fund_plan (book, next_on) where state = 'active';

create table fund_plan_run (
  book        int         not null,
  plan        uuid        not null,
  period      date        not null,                       -- its planned day
  day         date        not null,                       -- dealing day on which it was looked at last
  amount      bigint      not null,
  state       text        not null check (state in ('waiting', 'placed', 'failed', 'passed')),
  reason      text        not null default '',
  fund_order  uuid,
  looked_at   timestamptz not null,
  primary key (book, plan, period)
);

grant select, insert, update on fund_plan, fund_plan_run to tapwealth_program;
comment on table fund_plan is 'distributed by book';
comment on table fund_plan_run is 'distributed by book';

-- foreign keys
alter table fund_plan_run add constraint fund_plan_run_under foreign key (book, plan) references fund_plan (book, id);
