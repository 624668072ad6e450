-- An order that leaves with its file changes in place: no index speaks of its state any more, and its page keeps room for it. A new row in five
-- indexes for each order of a file cost more than all else about it.

alter table fund_order set (fillfactor = 45);
drop index fund_order_under_way;
create index fund_order_under_way on fund_order (book, fund_account) where confirmed_on is null;
