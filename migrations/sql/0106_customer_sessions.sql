-- Which phone's customer is signed in on the pages where bills are paid: one row for each sign-in, under the hash of a secret that the
-- browser alone has. Times are the machine's. A phone that is suspended or ended ends what is done under its sessions.
create table customer_session (
  secret_hash  bytea       primary key check (octet_length(secret_hash) = 32),   -- SHA-256
  device       bytea       not null,                      -- the keyed hash by which the phone is known
  begun_at     timestamptz not null,
  used_at      timestamptz not null,
  ends_at      timestamptz not null                       -- by itself, or when its customer signed out
);
comment on table customer_session is 'distributed by secret_hash: looked up by it alone';
grant select, insert, update (used_at, ends_at) on customer_session to tapwealth_program;
