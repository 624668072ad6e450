-- A customer signs in on another phone: who asks gives name, identity number and phone number; whom all three name gets a code by text.

create table sign_in (
  book             int         not null,
  id               uuid        not null,
  identity_lookup  bytea       not null,
  phone_lookup     bytea       not null,
  device_lookup    bytea       not null,                -- the phone that asks
  person           uuid,                                -- null: what was given names nobody here, and no code is sent
  asked_at         timestamptz not null,
  good_until       timestamptz not null,
  tries            int         not null default 0,      -- codes that were tried, the wrong ones of refused commands included
  state            text        not null default 'asked' check (state in ('asked', 'sent', 'refused', 'used')),
  primary key (book, id)
);
create index sign_in_recent on sign_in (book, identity_lookup, asked_at);
grant select, insert, update on sign_in to tapwealth_program;
comment on table sign_in is 'distributed by book: its code is derived, never stored';
