-- Bills that are paid by themselves: how many days ahead their customer is told, what an agreement took the place of, each effort to pay,
-- and which notices tell of an agreement.

alter table autopay add column notice int not null default 1 check (notice between 1 and 7);    -- days
alter table autopay add column replaces uuid;                                                    -- the agreement that stood before

create index autopay_person on autopay (book, person, agreed_at, id);

create table autopay_attempt (
  book     int         not null,
  id       uuid        not null,
  autopay  uuid        not null,
  bill     uuid        not null,
  day      date        not null,
  at       timestamptz not null,
  amount   bigint      not null check (amount > 0),     -- fen
  payment  uuid,                                        -- of the bill, where one was placed
  debit    text,                                        -- the end-to-end id, where the bank was told to debit a card
  reason   text        not null default '',             -- why neither
  primary key (book, id),
  check (payment is null or debit is null)
);
create index autopay_attempt_under on autopay_attempt (book, autopay, id);

create table autopay_notice (
  book     int  not null,
  notice   uuid not null,
  autopay  uuid not null,
  id       uuid not null,                               -- by time
  primary key (book, notice)
);
create index autopay_notice_of on autopay_notice (book, autopay, id);

grant select, insert on autopay_attempt, autopay_notice to tapwealth_program;
comment on table autopay_attempt is 'distributed by book';
comment on table autopay_notice is 'distributed by book';

-- foreign keys
alter table autopay_attempt add constraint autopay_attempt_under foreign key (book, autopay) references autopay (book, id);
alter table autopay_attempt add constraint autopay_attempt_of foreign key (book, bill) references bill (book, id);
alter table autopay_notice add constraint autopay_notice_of foreign key (book, autopay) references autopay (book, id);
