-- When the bank accepted an event of a deposit: what it pays for it is awaited from the next business date on.

alter table deposit_event add column accepted_on date;
