-- Clients: programs of others that act over /v1 for customers who consented. A secret is known by its keyed hash alone; it is good until its
-- successor is used, or its date is over.

create table api_client (
  id          uuid        primary key,
  name        text        not null,                     -- what customers are shown when they consent
  scopes      text[]      not null,                     -- what it may ask customers for
  state       text        not null check (state in ('active', 'suspended', 'revoked')),
  created_at  timestamptz not null
);
comment on table api_client is 'reference table: programs of others that act over /v1';

create table api_client_secret (
  client         uuid        not null,
  number         int         not null check (number > 0),
  secret_lookup  bytea       not null,                  -- keyed hash of the secret's SHA-256
  good_until     date        not null,
  added_at       timestamptz not null,
  used           boolean     not null default false,    -- then those before it are over
  primary key (client, number)
);
comment on table api_client_secret is 'reference table: their secrets, by number';

create table api_client_change (
  client       uuid        not null,
  number       int         not null check (number > 0),
  state        text        not null,
  reason       text        not null,
  changed_by   bigint      not null,
  approved_by  bigint,                                  -- null: one operator suffices
  changed_at   timestamptz not null,
  primary key (client, number)
);
comment on table api_client_change is 'reference table: who let a client in, stopped it, and why';

create table consent (                                  -- a customer lets a client act
  book    int         not null,
  person  uuid        not null,
  client  uuid        not null,
  scopes  text[]      not null,
  state   text        not null check (state in ('given', 'withdrawn')),
  since   timestamptz not null,
  primary key (book, person, client)
);
create index consent_client on consent (client, person) where state = 'given';
comment on table consent is 'distributed by book: whom a customer lets act';

grant select, insert, update on api_client, api_client_secret, consent to tapwealth_program;
grant select, insert on api_client_change to tapwealth_program;

-- foreign keys
alter table api_client_secret add constraint api_client_secret_of foreign key (client) references api_client (id);
alter table api_client_change add constraint api_client_change_of foreign key (client) references api_client (id);
alter table consent add constraint consent_to foreign key (client) references api_client (id);
alter table consent add constraint consent_by foreign key (book, person) references person (book, id);
