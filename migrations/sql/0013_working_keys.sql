-- The keys that terminals are given when they sign on. The one in use is the newest that was used; a newer one may be on its way.

alter table terminal add column sealed_master_key bytea;                     -- null: it has the one MAC key that was put into it

create table terminal_key (
  book             int         not null,                -- 0
  terminal_number  text        not null,
  number           int         not null,                -- 1, 2, ...
  sealed_keys      bytea       not null,                -- PIN key, MAC key
  made_at          timestamptz not null,
  used_at          timestamptz,                         -- when a message came under it for the first time
  primary key (book, terminal_number, number)
);

grant select, insert, update on terminal_key to tapwealth_program;
comment on table terminal_key is 'distributed by book';
