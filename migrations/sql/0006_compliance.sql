-- What a person has paid from balances, by business date: the limits of the identity classes count it over all accounts of the person.
create table payment_usage (
  book           int     not null,
  person         uuid    not null,
  business_date  date    not null,
  amount         bigint  not null,
  primary key (book, person, business_date)
) with (fillfactor = 70);
grant select, insert, update on payment_usage to tapwealth_program;
comment on table payment_usage is 'distributed by book: paid from balances';
