-- What demand deposits and deposits at notice have besides: what they have earned on, and the notices that were given.

create table deposit_running (
  book      int    not null,
  deposit   uuid   not null,
  fen_days  bigint not null check (fen_days >= 0),     -- whole yuan (in fen) x days before `since`, not settled yet
  since     date   not null,                           -- on which it moved last
  settles   date,                                      -- next day of settlement; none once it is closed
  primary key (book, deposit)
) with (fillfactor = 80);
create index deposit_running_settles on deposit_running (book, settles) where settles is not null;

create table deposit_notice (
  book      int    not null,
  id        uuid   not null,
  deposit   uuid   not null,
  amount    bigint not null check (amount > 0),        -- fen that will be taken out
  given_on  date   not null,
  day       date   not null,                           -- on which they will
  state     text   not null check (state in ('given', 'cancelled', 'used')),
  primary key (book, id)
) with (fillfactor = 80);
create unique index deposit_notice_day on deposit_notice (book, deposit, day) where state = 'given';

create table deposit_layer (
  book      int    not null,
  deposit   uuid   not null,
  first     date   not null,                           -- since when it lies there
  amount    bigint not null check (amount >= 0),       -- fen
  primary key (book, deposit, first)
) with (fillfactor = 80);

grant select, insert, update on deposit_running, deposit_notice, deposit_layer to tapwealth_program;
comment on table deposit_running is 'distributed by book: what demand deposits have earned on';
comment on table deposit_notice is 'distributed by book: notices given for deposits';
comment on table deposit_layer is 'distributed by book: since when money lies in a deposit at notice that fell short of one';

-- foreign keys

alter table deposit_running add constraint deposit_running_deposit foreign key (book, deposit) references deposit (book, id);
alter table deposit_notice add constraint deposit_notice_deposit foreign key (book, deposit) references deposit (book, id);
alter table deposit_layer add constraint deposit_layer_deposit foreign key (book, deposit) references deposit (book, id);
