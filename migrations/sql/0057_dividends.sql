-- Dividends of funds with a price of their own: how a holder wants them, and what each was given.

create table dividend_choice (                          -- what an order 029 asks for
  book          int   not null,
  fund_order    uuid  not null,
  method        text  not null check (method in ('reinvest', 'cash')),
  primary key (book, fund_order)
);

create table fund_dividend (                            -- a holder's part, as the registrar paid it
  book           int    not null,
  fund_account   uuid   not null,
  fund           text   not null,
  record_date    date   not null,                       -- who held units at its end
  ex_date        date,
  paid_on        date   not null,
  base           bigint not null,                       -- 1/100 unit, by the registrar
  fen            bigint not null,                       -- on every `per` units
  per            bigint not null,
  method         text   not null,                       -- DefDividendMethod: 0 reinvested, 1 in cash
  amount         bigint not null,                       -- fen
  units          bigint not null,                       -- 1/100 unit that were reinvested
  nav            bigint not null,                       -- 1/10,000 yuan, at which
  fund_order     uuid   not null,                       -- the order (143) that stands for it
  differs        text,                                  -- why we compute otherwise; null: we do not
  business_date  date   not null,
  primary key (book, fund_account, fund, record_date)
);

grant select, insert on dividend_choice, fund_dividend to tapwealth_program;
comment on table dividend_choice is 'distributed by book';
comment on table fund_dividend is 'distributed by book';

-- foreign keys
alter table dividend_choice add constraint dividend_choice_order foreign key (book, fund_order) references fund_order (book, id);
alter table fund_dividend add constraint fund_dividend_order foreign key (book, fund_order) references fund_order (book, id);
