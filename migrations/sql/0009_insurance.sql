-- Insurance: policies, from the premium taken to the refund received, and a record of each sale.

create table policy (
  book              int         not null,
  id                uuid        not null,
  person            uuid        not null,
  product           text        not null,
  serial            text        not null,               -- names the request to issue it at the insurer
  premium           bigint      not null check (premium > 0),
  sum_insured       bigint      not null,
  from_day          date        not null,
  to_day            date        not null,               -- first day without cover
  paid_until        date        not null,
  state             text        not null
                    check (state in ('quoted', 'issued', 'in_force', 'suspended', 'lapsed', 'cancelled', 'expired', 'claimed')),
  reason            text        not null default '',
  policy_number     text        not null default '',    -- the insurer's
  business_date     date        not null,               -- of the debit
  applied_at        timestamptz not null,
  issued_on         date,
  issued_at         timestamptz,                        -- platform clock
  refused_on        date,
  free_look_until   date,
  swept_on          date,                               -- business date of the sweep to the premium trust
  swept_by          text,                               -- its end-to-end id
  cancel_serial     text,                               -- names the cancellation, and the refund at the bank
  cancel_reason     text        not null default '',
  cancel_asked_on   date,
  refund            bigint      not null default 0,
  cancelled_on      date,
  cancelled_at      timestamptz,
  refunded_on       date,                               -- business date on which the refund arrived
  issue_matched_on  date,                               -- date of the bordereau that names it
  cancel_matched_on date,
  primary key (book, id),
  unique (book, serial),
  check ((issued_on is null) = (policy_number = '')),
  check ((cancel_serial is null) = (cancel_asked_on is null)),
  check (cancelled_on is null or cancel_serial is not null)
) with (fillfactor = 70);
create unique index policy_cancel on policy (book, cancel_serial) where cancel_serial is not null;
create index policy_person on policy (book, person, id);
create index policy_unswept on policy (book, issued_on) where swept_on is null;
create index policy_issued on policy (book, issued_on) where issue_matched_on is null;
create index policy_cancelled on policy (book, cancelled_on) where cancelled_on is not null;
create index policy_quoted on policy (book, business_date) where state = 'quoted';
create index policy_begins on policy (book, from_day) where state = 'issued';

create table sale_record (                              -- what the buyer saw and confirmed; append only
  book         int         not null,
  policy       uuid        not null,
  shown        text        not null,                    -- JSON
  digest       bytea       not null,                    -- SHA-256 of it
  recorded_at  timestamptz not null,
  primary key (book, policy)
);

grant select, insert, update on policy to tapwealth_program;
grant select, insert on sale_record to tapwealth_program;
comment on table policy is 'distributed by book: insurance policies';
comment on table sale_record is 'distributed by book: what buyers saw and confirmed, append only';

-- foreign keys

alter table sale_record add constraint sale_record_policy foreign key (book, policy) references policy (book, id);
