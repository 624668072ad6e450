-- What every part stands on: the platform's clock, business dates, operators and their approvals, actors, the outbox,
-- remembered answers, and the progress of long jobs.
--
-- Every business table carries `book` and has it in each of its keys. Small tables that are the same for all books are reference tables.

-- What is fixed when the platform is installed. `key_check` is a keyed hash: it tells whether the key file belongs to this database.
create table installation (
  id            smallint    primary key check (id = 1),
  books         int         not null check (books > 0),
  key_check     bytea       not null,
  installed_at  timestamptz not null
);
comment on table installation is 'reference table: what is fixed at installation';
grant select, insert on installation to tapwealth_program;

-- The one clock that dates what customers and accountants see. One row; the UPDATE that moves it admits only later instants.
create table platform_clock (
  id       smallint    primary key check (id = 1),
  instant  timestamptz not null
) with (fillfactor = 10);
comment on table platform_clock is 'reference table: the platform clock, only forward';
grant select, insert, update on platform_clock to tapwealth_program;

-- A business date is open, then cut (its steps still post to it), then closed (proved, immutable).
create table business_day (
  business_date  date        primary key,
  state          text        not null check (state in ('open', 'cut', 'closed')),
  opened_at      timestamptz not null,
  cut_at         timestamptz check ((cut_at is not null) = (state <> 'open')),
  closed_at      timestamptz check ((closed_at is not null) = (state = 'closed')),
  report         jsonb       not null default '{}'
);
comment on table business_day is 'reference table: business dates and their reports';
grant select, insert, update on business_day to tapwealth_program;

-- People of the house. Their number is small and their logins are unique everywhere.
create table operator (
  id             bigint      primary key,
  login          text        not null unique check (login ~ '^[a-z][a-z0-9._-]{1,63}$'),
  display_name   text        not null,
  roles          text[]      not null,
  password_hash  text        not null,
  active         boolean     not null default true,
  created_at     timestamptz not null
);
comment on table operator is 'reference table: people with credentials and roles';
grant select, insert, update on operator to tapwealth_program;

-- Four eyes: proposed by one operator, decided by another.
create table approval (
  book         int         not null,
  id           uuid        not null,
  kind         text        not null,
  proposal     jsonb       not null,
  proposer     bigint      not null,
  proposed_at  timestamptz not null,
  state        text        not null check (state in ('proposed', 'approved', 'rejected')),
  approver     bigint      check (approver <> proposer),
  decided_at   timestamptz,
  reason       text        not null default '',
  primary key (book, id),
  check ((state = 'proposed') = (approver is null) and (approver is null) = (decided_at is null))
);
create index approval_waiting on approval (book, proposed_at) where state = 'proposed';
comment on table approval is 'distributed by book: proposals that a second operator decides';
grant select, insert, update on approval to tapwealth_program;

-- Who acted, and how we know: one row per person (or partner, or the platform itself) and way of authenticating. Append only.
create table actor (
  book              int      not null,
  id                bigint   not null,
  kind              smallint not null,
  who               text     not null,
  authenticated_by  text     not null,
  primary key (book, id)
);
comment on table actor is 'distributed by book: interned, the id follows from the content, append only';
grant select, insert on actor to tapwealth_program;

-- Intentions to send something, written in the transaction that decides it; the worker sends. Times are the machine's.
create table outbox (
  book          int         not null,
  id            uuid        not null,
  destination   text        not null,
  kind          text        not null,
  payload       jsonb       not null,
  not_before    timestamptz not null,
  attempts      int         not null default 0,
  leased_by     uuid,
  leased_until  timestamptz,
  sent_at       timestamptz,
  answer        jsonb,
  last_error    text,
  primary key (book, id)
) with (fillfactor = 70);
create index outbox_due on outbox (book, destination, id) where sent_at is null;
comment on table outbox is 'distributed by book: messages to partners';
grant select, insert, update on outbox to tapwealth_program;

-- The answers of commands that are not journal entries, by idempotency key. Append only.
create table command_log (
  book          int         not null,
  key           uuid        not null,
  kind          text        not null,
  content_hash  bytea       not null,
  answer        jsonb       not null,
  recorded_at   timestamptz not null,
  primary key (book, key)
);
comment on table command_log is 'distributed by book: remembered answers, append only';
grant select, insert on command_log to tapwealth_program;

-- How far a job has come, per business date, step and book: a rerun skips what is done.
create table job_progress (
  job            text        not null,
  business_date  date        not null,
  step           text        not null,
  book           int         not null,
  state          text        not null check (state in ('done', 'failed')),
  report         jsonb       not null,
  primary key (job, business_date, step, book)
);
comment on table job_progress is 'distributed by book: progress of resumable jobs';
grant select, insert, update on job_progress to tapwealth_program;

-- foreign keys

alter table approval add constraint approval_proposer foreign key (proposer) references operator (id);
alter table approval add constraint approval_approver foreign key (approver) references operator (id);
