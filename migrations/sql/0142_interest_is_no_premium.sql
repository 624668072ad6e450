-- What is paid to be reinstated is premium and interest on it; of the interest nothing is earned by day, and nothing is commission.

alter table policy_event add column interest bigint not null default 0;   -- fen of `amount`
update policy_event e set interest = d.interest
  from (select book, serial, sum(interest) as interest from premium_due where state = 'booked' and interest > 0 group by 1, 2) d
  where e.event = 'reinstated' and e.book = d.book and e.serial = d.serial;
alter table policy_event add check (interest = 0 or (event = 'reinstated' and interest between 0 and amount));
