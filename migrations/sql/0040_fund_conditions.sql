-- Under which conditions a fund is sold, each version of them as two operators decided it, and whether its registrar lets it be bought and
-- redeemed, day by day as the 07 says.

create table fund_conditions (
  book         int         not null,                    -- 0
  fund         text        not null,
  version      int         not null,                    -- the highest stands
  conditions   jsonb       not null,
  proposal     uuid        not null,                    -- who proposed and who approved it
  recorded_at  timestamptz not null,
  primary key (book, fund, version)
);

create table fund_status (
  book         int         not null,                    -- 0
  fund         text        not null,
  day          date        not null,
  status       text        not null,                    -- the registrar's code
  recorded_at  timestamptz not null,
  primary key (book, fund, day)
);

grant select, insert on fund_conditions, fund_status to tapwealth_program;
comment on table fund_conditions is 'distributed by book';
comment on table fund_status is 'distributed by book';
