-- Campaigns: a sponsor's money on top of what a fund earns, as two operators decided it; and what each holder was granted, day by day.

create table campaign (
  book             int         not null,                -- 0
  code             text        not null,
  id               uuid        not null,                -- the proposal: who proposed and who approved it; owns the campaign's accounts
  fund             text        not null,
  name             text        not null,
  name_en          text        not null,
  sponsor          text        not null,
  sponsor_account  text        not null,                -- at the bank: what is left over goes back there
  first_day        date        not null,
  last_day         date        not null check (last_day >= first_day),
  rate             int         not null check (rate > 0),        -- millionths a year
  holder_cap       bigint      not null check (holder_cap > 0),  -- fen, over all days
  total_cap        bigint      not null check (total_cap >= holder_cap),
  recorded_at      timestamptz not null,
  primary key (book, code)
);

create table campaign_day (
  book      int    not null,                            -- 0
  campaign  uuid   not null,
  day       date   not null,                            -- whose units it is for
  could     bigint not null check (could >= 0),         -- fen that there were
  granted   bigint not null check (granted between 0 and could),
  primary key (book, campaign, day)
);

create table campaign_grant (
  book             int    not null,
  campaign         uuid   not null,
  day              date   not null,
  person           uuid   not null,
  trading_account  text   not null,
  unit_days        bigint not null check (unit_days >= 0),  -- 1/100 units, summed over all days so far
  granted          bigint not null check (granted >= 0),    -- fen, of all days so far
  amount           bigint not null check (amount between 0 and granted),
  primary key (book, campaign, day, person)
);
create index campaign_grant_of on campaign_grant (book, person);

create index bank_receipt_destination on bank_receipt (book, destination, business_date);
create index payment_instruction_campaign on payment_instruction (book, instructed_on)
  where purpose in ('campaign_subsidy', 'campaign_return');

grant select, insert on campaign, campaign_day, campaign_grant to tapwealth_program;
comment on table campaign is 'distributed by book';
comment on table campaign_day is 'distributed by book';
comment on table campaign_grant is 'distributed by book';
