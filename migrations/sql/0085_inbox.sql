-- Notices have a kind, lead to what they tell of, and are read or not.

alter table notice add column kind text not null default 'security' check (kind in ('security', 'card', 'bill', 'fund', 'insurance'));
alter table notice add column link text not null default 'statement/me';   -- path below /view
alter table notice alter column kind drop default, alter column link drop default;
alter table notice add column read_at timestamptz;                         -- platform clock: when its customer opened it
create index notice_unread on notice (book, person) where read_at is null;

grant update (read_at) on notice to tapwealth_program;
