-- What has happened to deposits and to products that are raised, in the words of the list that the bank gets of each day.

create table deposit_event (
  book         int    not null,
  serial       uuid   not null,
  deposit      text   not null,
  ordinal      int    not null,                        -- of the deposit's events, from 1
  event        text   not null,
  product      text   not null,
  form         text   not null,
  term         text   not null,                        -- '' for none
  amount       bigint not null check (amount >= 0),    -- fen
  interest     bigint not null check (interest >= 0),
  change       bigint not null,                        -- of the deposit's balance, fen
  value_date   date   not null,
  happened_on  date   not null,                        -- business date: that of the list
  answered     text,                                   -- the bank's word: accepted, differs
  paid_by      text,                                   -- end-to-end id under which the bank pays its interest
  arrived_on   date,                                   -- business date on which that was credited to the book
  primary key (book, serial),
  unique (book, deposit, ordinal)
) with (fillfactor = 80);
create index deposit_event_day on deposit_event (book, happened_on);
create index deposit_event_open on deposit_event (book, happened_on) where answered is distinct from 'accepted';
create index deposit_event_unpaid on deposit_event (book, happened_on) where interest > 0 and arrived_on is null;

create table deposit_standing (
  book     int    not null,
  deposit  text   not null,
  events   int    not null,
  balance  bigint not null,                            -- fen, after all of them
  primary key (book, deposit)
) with (fillfactor = 80);

grant select, insert, update on deposit_event, deposit_standing to tapwealth_program;
comment on table deposit_event is 'distributed by book: what has happened to deposits at the bank';
comment on table deposit_standing is 'distributed by book: what each deposit has after its events';
