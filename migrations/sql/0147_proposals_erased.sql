-- What a sealed proposal is about (an application, a policy or a claim) stands open beside it, so that it can be erased with that; of those
-- from before the program notes it when the platform starts, since it has the keys.
drop index approval_to_seal;
create index approval_to_seal on approval (book, id)
  where kind in ('ProposeUnderwriting', 'ProposeRescission', 'ProposeGuardian') and not proposal ? 'about';
create index approval_about on approval (book, (coalesce(proposal ->> 'about', proposal ->> 'claim')))
  where proposal ? 'about' or proposal ? 'claim';
