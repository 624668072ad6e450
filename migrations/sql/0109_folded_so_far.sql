-- What was ever folded into an account stands in its row, and the close of which date was the first after a line is found by an index: so
-- that what an account is owed, and any page of its history, costs the same however old it is.

alter table account add column folded bigint not null default 0;      -- of its shares of spreads: all that was moved from the pool to it
update account a set folded = f.folded
  from (select book, account, ledger_total(amount) folded from spread_fold group by 1, 2) f where a.book = f.book and a.id = f.account;

create index book_day_closed on book_day (book, close_no);
