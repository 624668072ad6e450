-- What wallet and fund lack for a bill that is paid by itself is collected from a bound card, under a mandate of the agreement.

alter table autopay add column card uuid;
alter table autopay add column card_state text not null default '' check (card_state in ('', 'asked', 'confirmed', 'refused'));
alter table autopay add column card_reason text not null default '';       -- the bank's, where it refused

alter table autopay_bill drop constraint autopay_bill_state_check;
alter table autopay_bill add constraint autopay_bill_state_check check (state in ('waiting', 'told', 'collecting', 'placed', 'left', 'over'));

alter table autopay_run drop constraint autopay_run_state_check;
alter table autopay_run add constraint autopay_run_state_check check (state in ('nothing', 'told', 'collecting', 'placed', 'refused'));

create table autopay_debit (
  book     int    not null,
  name     text   not null,                             -- the end-to-end id at the bank
  autopay  uuid   not null,
  bill     uuid   not null,
  day      date   not null,
  amount   bigint not null check (amount > 0),
  primary key (book, name)
);
create index autopay_debit_under on autopay_debit (book, autopay);
create index autopay_debit_of on autopay_debit (book, bill);
create index autopay_bill_collecting on autopay_bill (book, bill) where state = 'collecting';

grant select, insert on autopay_debit to tapwealth_program;
comment on table autopay_debit is 'distributed by book';

-- foreign keys
alter table autopay_debit add constraint autopay_debit_under foreign key (book, autopay) references autopay (book, id);
