-- Merchants are screened, and they and their terminals have a standing with a history; terminals are given keys under a transport key.

alter table merchant add column state text not null default 'active' check (state in ('approved', 'active', 'suspended', 'closed'));
alter table merchant add column settlement_bank text not null default '';               -- CNAPS number; '': not asked for before
alter table merchant add column representative text not null default '';                -- the legal representative's masked name
alter table merchant add column sealed_representative bytea not null default '';        -- name and identity number

alter table terminal add column state text not null default 'active' check (state in ('active', 'suspended', 'closed', 'replaced'));
alter table terminal add column replaced_by text not null default '';
alter table terminal add column first_key int not null default 1;                       -- older working keys are good no longer

create table standing_change (                          -- of a merchant, or of one of its terminals
  book             int         not null,                -- 0
  merchant         uuid        not null,
  terminal_number  text        not null,                -- '': the merchant itself
  number           int         not null,                -- 1, 2, ...
  state            text        not null,
  reason           text        not null,
  changed_by       bigint      not null,                -- operator
  approved_by      bigint,                              -- null: one person was enough
  changed_at       timestamptz not null,
  primary key (book, merchant, terminal_number, number)
);

create table transport_key (                            -- what protects the keys that a merchant's terminals are given
  book             int         not null,                -- 0
  merchant         uuid        not null,
  number           int         not null,                -- 1, 2, ...; the newest whole one is used
  sealed           bytea       not null,                -- the first component, then the key
  check_value      text        not null,                -- of what is sealed
  first_by         bigint      not null,                -- operator
  second_by        bigint,                              -- null: the second component has not come
  made_at          timestamptz not null,
  primary key (book, merchant, number)
);

create table watch_entry (                              -- who is on a list of sanctions, or watched
  id               uuid        not null primary key,
  list             text        not null check (list in ('sanctions', 'watch')),
  name             text        not null,
  name_key         text        not null,
  number_lookup    bytea       not null,                -- keyed hash of a credit code or identity number; '': none is known
  reason           text        not null,
  listed_by        bigint      not null,
  listed_at        timestamptz not null,
  delisted_by      bigint,
  delisted_reason  text,
  delisted_at      timestamptz
);
create index watch_entry_name on watch_entry (name_key);

grant update (state) on merchant to tapwealth_program;
grant update (state, replaced_by, sealed_mac_key, sealed_master_key, first_key) on terminal to tapwealth_program;
grant select, insert on standing_change to tapwealth_program;
grant select, insert on transport_key, watch_entry to tapwealth_program;
grant update (sealed, check_value, second_by) on transport_key to tapwealth_program;
grant update (delisted_by, delisted_reason, delisted_at) on watch_entry to tapwealth_program;
comment on table standing_change is 'distributed by book';
comment on table transport_key is 'distributed by book';
comment on table watch_entry is 'reference table: the same for every book';
