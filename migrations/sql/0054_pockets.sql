-- Several funds behind one pocket: the order in which a customer's funds pay, and which of them pays how much of a tap.

alter table person add column pocket text[];           -- codes of funds, the first pays first; null: nothing was chosen

alter table authorisation add column fund_parts text not null default '';   -- code:units of each fund that fund_units are of, in order
update authorisation set fund_parts = (select code from fund where book = 0 order by asset limit 1) || ':' || fund_units
  where fund_units > 0;
