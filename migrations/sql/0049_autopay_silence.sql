-- How often an agreement's biller did not answer on a day: those that were asked least come first.

alter table autopay add column silent_on date;
alter table autopay add column silent int not null default 0;
