-- What is under way is marked by the order itself, so that no index speaks of the date of its answer: an order that is answered changes in place,
-- as one that leaves with its file does. A new row in five indexes for each order of a file was most of what an answer cost.
--
-- Where a channel caps nothing, nobody asks what its holders have under way: its orders do not carry the mark.

alter table fund_order add column under_way boolean not null default true;
update fund_order set under_way = false where confirmed_on is not null;
drop index fund_order_under_way;
create index fund_order_under_way on fund_order (book, fund_account) where under_way;
