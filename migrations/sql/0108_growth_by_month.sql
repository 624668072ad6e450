-- What a yuan in a money fund had become when a month began, all income left in: from there on the month's own days tell the rest, however
-- old the fund is. It follows from the quotations that stand, is written with them, and anew from the month after a day that is corrected.

create table fund_growth (
  book   int      not null,                                -- 0
  fund   text     not null,
  month  date     not null,                                -- its first day
  worth  numeric  not null,                                -- 1/10^20 yuan, after the last day that is quoted before it
  primary key (book, fund, month)
);

comment on table fund_growth is 'distributed by book';
grant select, insert, update on fund_growth to tapwealth_program;
