-- Large-redemption days as the registrar's answers tell of them: after two running it may pay as late as 20 working days.

create table large_day (
  book          int  not null,                          -- 0
  fund          text not null,
  confirmed_on  date not null,                          -- business date of the answers
  primary key (book, fund, confirmed_on)
);

grant select, insert on large_day to tapwealth_program;
comment on table large_day is 'distributed by book';
