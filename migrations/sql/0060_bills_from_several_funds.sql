-- Which funds pay how much of a bill; `fund` is what the payer has named: a fund, or the whole pocket.

alter table bill_payment add column fund_parts text not null default '';       -- code:units of each fund that fund_units are of, in order
update bill_payment set fund_parts = fund || ':' || fund_units where fund_units > 0;
