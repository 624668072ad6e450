-- While a claim is looked at with which a policy would end no premium of it is taken; the day on which the last such claim was over
-- without that: what is owed can be paid for 30 days from then at least.
alter table policy_schedule add column held_until date;

-- Premiums that were paid while an illness within the waiting time was looked at come back with the others.
update claim c set loss = x.paid
  from (select book, policy, sum(amount - interest)::bigint as paid from policy_event
         where event in ('issued', 'premium', 'renewed', 'reinstated', 'endorsed', 'deducted') group by book, policy) x
 where x.book = c.book and x.policy = c.policy and c.early and x.paid > c.loss
   and c.state in ('notified', 'papers_asked', 'assessing', 'refused', 'appealed');
