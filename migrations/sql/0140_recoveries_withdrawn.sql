-- Money of a claim that was expected back, and is awaited no more.
alter table claim_recovery add column withdrawn_on date;
alter table claim_recovery add column withdrawn_why bytea not null default '';   -- sealed: it may name people
