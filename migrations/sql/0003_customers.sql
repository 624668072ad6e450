-- People, their devices, their identity checks and bound bank cards. What names a person lies sealed (authenticated ciphertext, bound to
-- its row) beside keyed hashes for looking up; the book of a person follows from the keyed hash of the identity number.

create table person (
  book             int         not null,
  id               uuid        not null,
  identity_lookup  bytea       not null,
  sealed           bytea       not null,                -- name, identity number, phone number
  shown_name       text        not null,                -- masked, for display
  kyc_level        smallint    not null default 0 check (kyc_level between 0 and 3),
  opened_at        timestamptz not null,
  primary key (book, id),
  unique (book, identity_lookup)
);

create table phone_directory (                          -- one person per phone number, in the whole house
  phone_lookup  bytea not null,
  book          int   not null,
  person        uuid  not null,
  primary key (phone_lookup)
);

create table device (                                   -- a phone that acts for a person; the token is known by its hash only
  token_lookup  bytea       not null,
  book          int         not null,
  person        uuid        not null,
  enrolled_at   timestamptz not null,
  primary key (token_lookup)
);

create table identity_check (
  book         int         not null,
  person       uuid        not null,
  channel      text        not null,
  serial       text        not null,
  result       text        not null default 'asked' check (result in ('asked', 'match', 'mismatch', 'unknown')),
  asked_at     timestamptz not null,
  answered_at  timestamptz,
  primary key (book, person, channel)
);

create table bank_card (
  book         int         not null,
  id           uuid        not null,
  person       uuid        not null,
  pan_lookup   bytea       not null,
  sealed       bytea       not null,                    -- the card number
  masked_pan   text        not null,
  bank_code    text        not null,
  bank_name    text        not null,
  bound_at     timestamptz not null,
  primary key (book, id),
  unique (book, person, pan_lookup)
);

create table book_transfer (                            -- money on its way to another book: credited there exactly once in effect
  book          int         not null,                   -- the sender's
  id            uuid        not null,                   -- key of the sending entry
  payer         uuid        not null,
  to_book       int         not null,
  payee         uuid        not null,
  to_account    bigint      not null,
  amount        bigint      not null check (amount > 0),
  business_date date        not null,
  delivered_at  timestamptz,
  primary key (book, id)
);
create index book_transfer_due on book_transfer (book, id) where delivered_at is null;

grant select, insert, update on person, identity_check, book_transfer to tapwealth_program;
grant select, insert on phone_directory, device, bank_card to tapwealth_program;
comment on table person is 'distributed by book';
comment on table phone_directory is 'distributed by phone_lookup';
comment on table device is 'distributed by token_lookup';
comment on table identity_check is 'distributed by book';
comment on table bank_card is 'distributed by book';
comment on table book_transfer is 'distributed by book';
