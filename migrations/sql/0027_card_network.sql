-- What goes to the card network and comes back from it: files, the items that were presented, and what is disputed with it.

create table network_file (
  book          int         not null,                   -- 0
  business_date date        not null,
  sequence      int         not null,                   -- 1, 2, … of the date
  presented     bytea       not null,                   -- the file as the network gets it
  items         int         not null,
  total         bigint      not null,                   -- fen, whatever the sign
  taken_at      timestamptz,                            -- the network has it
  cleared       bytea,                                  -- what the network answered
  position      bigint,                                 -- fen we owe by the answer; below zero: are owed
  done          int         not null default 0,         -- items of the answer that were worked off
  finished_at   timestamptz,
  primary key (book, business_date, sequence)
);

create table network_item (                             -- of a sale or of what gives one back
  book               int    not null,
  id                 uuid   not null,                   -- the authorisation's
  original           uuid,                              -- the sale that it gives back
  kind               text   not null check (kind in ('P', 'R')),
  rrn                text   not null,
  terminal_number    text   not null,
  stan               text   not null,
  authorisation_code text   not null,
  amount             bigint not null,                   -- fen, as presented
  presented_on       date   not null,
  sequence           int    not null,
  cleared_on         date,
  cleared_amount     bigint not null default 0,
  primary key (book, id)
);
create index network_item_rrn on network_item (book, rrn);
create index network_item_original on network_item (book, original) where original is not null;
create index network_item_open on network_item (book, presented_on) where cleared_on is null;

create table network_dispute (                          -- an item of the network's that is not as it should be
  book               int    not null,                   -- 0
  id                 uuid   not null,
  why                text   not null,
  kind               text   not null check (kind in ('P', 'R', 'V', 'W')),
  rrn                text   not null,
  acquirer           text   not null,
  merchant_number    text   not null,
  terminal_number    text   not null,
  stan               text   not null,
  authorisation_code text   not null,
  amount             bigint not null,
  due                bigint not null,                   -- fen of it in the position
  found_on           date   not null,
  mended_on          date,
  primary key (book, id)
);
create index network_dispute_open on network_dispute (book, rrn) where mended_on is null;

alter table presentment add column presented_on date;   -- to the network

grant select, insert, update on network_file, network_item, network_dispute to tapwealth_program;
comment on table network_file is 'distributed by book';
comment on table network_item is 'distributed by book';
comment on table network_dispute is 'distributed by book';
