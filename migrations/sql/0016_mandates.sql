-- What a customer's bound bank account may pay at a tap, as the customer has allowed it and the bank has confirmed.

create table mandate (
  book         int         not null,
  id           uuid        not null,
  person       uuid        not null,
  card         uuid        not null,                    -- the bound bank card
  per_tap      bigint      not null check (per_tap > 0),
  per_day      bigint      not null check (per_day >= per_tap),
  given_on     date        not null,                    -- the day of its signing
  state        text        not null check (state in ('asked', 'confirmed', 'refused', 'revoked')),
  reason       text        not null default '',         -- the bank's, where it refused
  given_at     timestamptz not null,
  primary key (book, id)
);
create unique index mandate_standing on mandate (book, person) where state in ('asked', 'confirmed');
create index mandate_person on mandate (book, person, given_at);

grant select, insert, update on mandate to tapwealth_program;
comment on table mandate is 'distributed by book';
