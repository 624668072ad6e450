-- Bills that are paid by themselves: told a day ahead, paid on their day, tried again, or left to the hand.

alter table autopay add column pay_when text not null default 'presented' check (pay_when in ('presented', 'due'));
alter table autopay add column ended_at timestamptz;

alter table autopay_run drop constraint autopay_run_state_check;
alter table autopay_run add constraint autopay_run_state_check check (state in ('nothing', 'told', 'placed', 'refused'));

create table autopay_bill (
  book     int    not null,
  bill     uuid   not null,
  autopay  uuid   not null,
  state    text   not null check (state in ('waiting', 'told', 'placed', 'left', 'over')),
  pay_on   date   not null,
  told     bigint not null default 0 check (told >= 0),   -- fen that its customer was told of; 0: not yet
  tries    int    not null default 0,                     -- how often it could not be paid
  reason   text   not null default '',                    -- of the last time
  primary key (book, bill)
);
create index autopay_bill_open on autopay_bill (book, autopay) where state <> 'over';

grant select, insert, update on autopay_bill to tapwealth_program;
comment on table autopay_bill is 'distributed by book';

-- foreign keys
alter table autopay_bill add constraint autopay_bill_under foreign key (book, autopay) references autopay (book, id);
alter table autopay_bill add constraint autopay_bill_of foreign key (book, bill) references bill (book, id);
