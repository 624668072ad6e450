-- Who is signed in on the house's pages: one row for each sign-in, under the hash of a secret that the browser alone has. Times are the
-- machine's. A row stays when its session has ended, so that it can be told who was there.
create table operator_session (
  secret_hash  bytea       primary key check (octet_length(secret_hash) = 32),   -- SHA-256
  operator     bigint      not null,
  begun_at     timestamptz not null,
  used_at      timestamptz not null,
  ends_at      timestamptz not null                       -- by itself, or when its operator signed out
);
comment on table operator_session is 'distributed by secret_hash: looked up by it alone';
grant select, insert, update (used_at, ends_at) on operator_session to tapwealth_program;
-- foreign keys
alter table operator_session add constraint operator_session_operator foreign key (operator) references operator (id);
