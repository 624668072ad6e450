-- A quotation keeps both clocks: of which day it speaks, and when it was recorded. What is said of a day again is another version, and no
-- version is ever changed. The price of a unit is kept with it, for funds that have one.

alter table fund_quotation
  add column version int not null default 1,            -- of this fund and day, in the order in which they were recorded
  add column state text not null default 'stands' check (state in ('stands', 'held', 'discarded')),
  add column nav bigint not null default 10000,         -- 1/10,000 yuan
  add column source text not null default '',           -- the exchange file, or the list an operator handed in
  add column actor int not null default 0,              -- who recorded it; 0: the platform, from the registrar's file
  drop constraint fund_quotation_pkey,
  add primary key (book, fund, day, version);
alter table fund_quotation alter column version drop default, alter column state drop default, alter column nav drop default;

create view fund_quotation_standing as                  -- what counts today
  select distinct on (book, fund, day) * from fund_quotation where state = 'stands' order by book, fund, day, version desc;
grant select on fund_quotation_standing to tapwealth_program;
