-- The money of what happens to policies: which days a premium is for, how it came to the premium trust, and when it was settled with the
-- insurer, less what of it is the house's. Until now this stood with the policy, of its first premium.

alter table policy_event
  add column covers_from date,                         -- of a premium: the first day that it pays for,
  add column covers_to   date,                         -- and the first that it does not
  add column swept_on    date,                         -- business date of its sweep to the premium trust
  add column swept_by    text,                         -- and that payment's end-to-end id
  add column commission  bigint not null default 0,    -- fen; with a minus what is given back of it
  add column settled_on  date;                         -- business date of the settlement that has it

update policy_event e set covers_from = p.from_day, covers_to = p.paid_until, swept_on = p.swept_on, swept_by = p.swept_by
from policy p where p.book = e.book and p.id = e.policy and e.event = 'issued';
update policy_event set settled_on = happened_on where event = 'cancelled';
update policy_event e set settled_on = i.instructed_on
from payment_instruction sweep, payment_instruction i
where sweep.end_to_end_id = e.swept_by and sweep.state = 'executed' and sweep.book = 0 and i.book = 0
  and i.purpose = 'premium_payout' and i.end_to_end_id = 'INS-' || to_char(sweep.settled_on, 'YYYYMMDD');

alter table policy_event add check (covers_from < covers_to);
alter table policy_event add check (covers_from is not null or event not in ('issued', 'premium', 'renewed', 'reinstated', 'endorsed'));
create index policy_event_unswept on policy_event (book, happened_on) where swept_on is null and covers_from is not null;
create index policy_event_swept on policy_event (book, swept_on);
create index policy_event_unsettled on policy_event (book, happened_on) where settled_on is null;
create index policy_event_covers on policy_event (book, covers_to) where covers_to is not null;

drop index policy_unswept;
alter table policy drop column swept_on, drop column swept_by;
