-- What of a policy's losses a payment is for, in a word by which the insurer sees whether it was paid for before. A screen has a number that
-- it keeps: reckoned anew at each request, two that were looked at at once had the same.
alter table claim_payment add column identity text;

update claim_payment p
  set identity = case
    when c.kind = 'screen' then 'screen:' || n.number
    when c.kind = 'payment' then 'payment:' || c.tap
    when c.kind = 'accident' then 'accident:' || c.id
    else c.kind || ':' || c.policy
  end
  from claim c
  join (
    select o.book, o.id, dense_rank() over (partition by o.book, o.policy order by o.paid_on nulls last, o.notified_at, o.id) as number
      from claim o
      where exists (select from claim_payment q where q.book = o.book and q.claim = o.id)
  ) n on n.book = c.book and n.id = c.id
  where p.book = c.book and p.claim = c.id;

alter table claim_payment alter column identity set not null;
