-- What has happened to policies with the insurer, one row an event, with its money: each is to be named by a bordereau of the insurer's.

create table policy_event (
  book         int         not null,
  event        text        not null,
  serial       text        not null,                   -- of the request that brought it about, or the insurer's own
  policy       uuid        not null,
  amount       bigint      not null,                   -- fen: premium, refund, benefit; more or back of an endorsement
  happened_on  date        not null,                   -- business date
  heard_at     timestamptz not null,                   -- platform clock
  matched_on   date,                                   -- date of the bordereau that names it
  primary key (book, event, serial)
) with (fillfactor = 80);
create index policy_event_policy on policy_event (book, policy, happened_on);
create index policy_event_unmatched on policy_event (book, happened_on) where matched_on is null;

insert into policy_event
select book, 'issued', serial, id, premium, issued_on, issued_at, issue_matched_on from policy where issued_on is not null
union all
select book, 'cancelled', cancel_serial, id, refund, cancelled_on, cancelled_at, cancel_matched_on from policy where cancelled_on is not null;

alter table policy drop column issue_matched_on, drop column cancel_matched_on;

grant select, insert, update on policy_event to tapwealth_program;
comment on table policy_event is 'distributed by book: what has happened to policies with the insurer';

-- foreign keys

alter table policy_event add constraint policy_event_policy foreign key (book, policy) references policy (book, id);
