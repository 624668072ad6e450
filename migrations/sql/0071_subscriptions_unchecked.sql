-- A subscription is written with its order, in one transaction by one function: that the order is there was looked up, and the order's row
-- locked, once for each of a rush of buyers.

alter table subscription drop constraint subscription_order;
