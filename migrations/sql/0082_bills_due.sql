-- The day by which a bill is to be paid, where its biller names one.

alter table bill add column due_on date;
