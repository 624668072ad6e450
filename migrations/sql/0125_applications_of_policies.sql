-- What was answered about somebody who is to be insured, where an underwriter has to look at it; and what was decided.
create table policy_application (
  book            int         not null,
  id              uuid        not null,
  person          uuid        not null,                   -- the buyer
  product         text        not null,
  version         int         not null,
  insured_lookup  bytea       not null,                   -- keyed hash of the identity number
  answers         text        not null,                   -- JSON, by question
  referred        text[]      not null,                   -- the questions that are to be looked at
  state           text        not null check (state in ('referred', 'accepted', 'declined')),
  asked_on        date        not null,
  asked_at        timestamptz not null,
  permille        int         not null default 0 check (permille between 0 and 5000),
  reason          text        not null default '',
  decided_on      date,
  good_until      date,                                   -- the last day on which it can be bought so
  policy          uuid,                                   -- that was bought so
  primary key (book, id),
  check ((state = 'referred') = (decided_on is null)),
  check ((state = 'accepted') = (good_until is not null))
);
create index policy_application_person on policy_application (book, person, asked_at);
create index policy_application_referred on policy_application (book, asked_at) where state = 'referred';
grant select, insert, update (state, permille, reason, decided_on, good_until, policy) on policy_application to tapwealth_program;
comment on table policy_application is 'distributed by book: answers that an underwriter looks at';
