-- A payment that pays on what another one brings: the bank hears of it when that one is executed.

create table payment_after (
  book   int  not null,                                 -- 0
  id     uuid not null,                                 -- the payment that waits
  after  uuid not null,                                 -- the one that brings its money; where the bank rejects it, its successor
  primary key (book, id)
);
create index payment_after_first on payment_after (book, after);

grant select, insert, update on payment_after to tapwealth_program;
comment on table payment_after is 'distributed by book';
