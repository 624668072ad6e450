-- What policies owe and when: each one's schedule, the premiums of later years, suspensions and lapses, the agreements by which premiums
-- are collected, and which policy goes on from which.

create table policy_schedule (
  book        int    not null,
  policy      uuid   not null,
  every       text   not null default 'year' check (every in ('year', 'month')),
  premium     bigint not null check (premium > 0),           -- of one period, fen
  demanded_on date,                                          -- when the first premium that is not paid was demanded
  next_due    date,                                          -- the next date at whose end there may be something to do; null: never
  primary key (book, policy)
) with (fillfactor = 80);
create index policy_schedule_next on policy_schedule (book, next_due) where next_due is not null;

create table premium_due (                                   -- a premium that was taken; several may be one payment
  book        int         not null,
  id          uuid        not null,
  policy      uuid        not null,
  person      uuid        not null,
  due_on      date        not null,                          -- the first day that it pays for
  until_on    date        not null,                          -- the first that it does not
  amount      bigint      not null check (amount > 0),
  interest    bigint      not null check (interest >= 0),
  payment     uuid        not null,
  serial      text        not null,                          -- names the payment at the insurer
  arrears     boolean     not null,                          -- paid to be reinstated
  mandate     uuid,                                          -- by which it was collected; null: paid by hand
  state       text        not null check (state in ('taken', 'booked', 'returned')),
  taken_on    date        not null,
  taken_at    timestamptz not null,
  reason      text        not null default '',
  booked_on   date,
  booked_at   timestamptz,
  returned_on date,
  primary key (book, id),
  check ((state = 'booked') = (booked_on is not null)),
  check ((state = 'returned') = (returned_on is not null))
) with (fillfactor = 80);
create unique index premium_due_once on premium_due (book, policy, due_on) where state <> 'returned';
create index premium_due_serial on premium_due (book, serial);
create index premium_due_taken on premium_due (book, taken_on);
create index premium_due_booked on premium_due (book, booked_on) where booked_on is not null;
create index premium_due_returned on premium_due (book, returned_on) where returned_on is not null;
create index premium_due_waiting on premium_due (book, serial) where state = 'taken';

create table policy_turn (                                   -- a suspension, or a lapse
  book        int         not null,
  id          uuid        not null,
  policy      uuid        not null,
  turn        text        not null check (turn in ('suspended', 'lapsed')),
  from_day    date        not null,                          -- the first day without cover
  until_day   date,                                          -- of a suspension: the day from which there was cover again
  serial      text        not null,                          -- names it at the insurer
  refund      bigint      not null default 0 check (refund >= 0),
  decided_on  date        not null,
  decided_at  timestamptz not null,
  told_on     date,                                          -- the insurer has noted it
  refunded_on date,
  reason      text        not null default '',               -- why the insurer did not note it
  primary key (book, id),
  unique (book, serial),
  check (turn = 'suspended' or until_day is null)
);
create unique index policy_turn_once on policy_turn (book, policy, turn, from_day);
create index policy_turn_decided on policy_turn (book, decided_on);
create index policy_turn_untold on policy_turn (book, serial) where told_on is null and reason = '';
create index policy_turn_refund on policy_turn (book, told_on) where refund > 0;

create table premium_mandate (                               -- that premiums of a policy are collected
  book      int         not null,
  id        uuid        not null,
  policy    uuid        not null,
  person    uuid        not null,
  fund      text        not null,                            -- pays what the wallet lacks; empty: nothing does
  most      bigint      not null check (most > 0),           -- of one collection, fen
  renews    boolean     not null,                            -- goes on with another policy after its last day
  agreed_at timestamptz not null,
  ended_at  timestamptz,
  primary key (book, id)
);
create unique index premium_mandate_stands on premium_mandate (book, policy) where ended_at is null;

create table policy_renewal (                                -- `policy` goes on from `renews`
  book   int  not null,
  policy uuid not null,
  renews uuid not null,
  primary key (book, policy)
);
create unique index policy_renewal_once on policy_renewal (book, renews, policy);

create index policy_expired on policy (book, to_day) where state = 'expired';

grant select, insert, update on policy_schedule to tapwealth_program;
grant select, insert, update on premium_due to tapwealth_program;
grant select, insert, update on policy_turn to tapwealth_program;
grant select, insert, update on premium_mandate to tapwealth_program;
grant select, insert on policy_renewal to tapwealth_program;
comment on table policy_schedule is 'distributed by book: what policies owe and when';
comment on table premium_due is 'distributed by book: premiums of later years';
comment on table policy_turn is 'distributed by book: suspensions and lapses of policies';
comment on table premium_mandate is 'distributed by book: agreements that premiums are collected';
comment on table policy_renewal is 'distributed by book: which policy goes on from which';

insert into policy_schedule (book, policy, premium, next_due)
select book, id, premium, case when paid_until < to_day then paid_until - 7 else to_day - 15 end
from policy where state in ('issued', 'in_force');

-- foreign keys

alter table policy_schedule add constraint policy_schedule_policy foreign key (book, policy) references policy (book, id);
alter table premium_due add constraint premium_due_policy foreign key (book, policy) references policy (book, id);
alter table policy_turn add constraint policy_turn_policy foreign key (book, policy) references policy (book, id);
alter table premium_mandate add constraint premium_mandate_policy foreign key (book, policy) references policy (book, id);
alter table policy_renewal add constraint policy_renewal_policy foreign key (book, policy) references policy (book, id);
alter table policy_renewal add constraint policy_renewal_renews foreign key (book, renews) references policy (book, id);
