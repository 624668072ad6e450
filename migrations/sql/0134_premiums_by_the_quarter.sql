-- A premium may pay for a quarter, as the product says.
alter table policy_schedule drop constraint policy_schedule_every_check;
alter table policy_schedule add constraint policy_schedule_every_check check (every in ('year', 'quarter', 'month'));
