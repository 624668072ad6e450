-- By the registrar's own date, when a subscription's raise has ended: what its money has earned is reckoned up to that day, also where it is
-- told only afterwards since when.

alter table subscription add column ended_on date;
