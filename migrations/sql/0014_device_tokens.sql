-- A card number per device, bound to the device's key, and the limited-use keys that the device was given.

alter table card_token add column device_key bytea not null default '';      -- P-256, uncompressed point; empty: a card bound to no device
alter table card_token add column requests bigint not null default 0;        -- number of the last replenishment asked for
alter table card_token add column asked_at int not null default 0;           -- the card's counter in that request
alter table card_token drop constraint card_token_book_person_psn_key;
create unique index card_token_plain on card_token (book, person, psn) where device_key = '';
create unique index card_token_device on card_token (book, person, device_key) where device_key <> '' and state <> 'deleted';

create table token_key (
  book          int         not null,
  token         uuid        not null,
  number        bigint      not null,                   -- 1, 2, …: what the key is derived by
  first_atc     int         not null,
  last_atc      int         not null,
  amount_limit  bigint      not null,                   -- fen that may be approved under it
  spent         bigint      not null default 0,         -- fen approved since it was given out or renewed
  good_until    timestamptz not null,
  request       bigint      not null,                   -- the replenishment that brought it; 0: came with the card
  primary key (book, token, number),
  unique (book, token, first_atc)
);
grant select, insert, update on token_key to tapwealth_program;
comment on table token_key is 'distributed by book';

-- foreign keys
alter table token_key add constraint token_key_of foreign key (book, token) references card_token (book, id);
