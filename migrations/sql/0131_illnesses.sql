-- Claims of an illness. Which one it is, is sensitive: a claim keeps the keyed hash of its policy and the group's name. Within the waiting
-- time such a claim may be for the premiums (`early`).
alter table claim
  add column illness bytea check (length(illness) = 32),
  add column early boolean not null default false,
  drop constraint claim_kind_check,
  add constraint claim_kind_check check (kind in ('screen', 'payment', 'accident', 'death', 'illness')),
  add check ((kind = 'illness') = (illness is not null)),
  add check (not early or kind = 'illness');
create unique index claim_illness on claim (book, policy, illness) where illness is not null and state <> 'closed';

-- Which questions are referred was part of the answers that commands are remembered by.
update command_log set answer = answer #- '{answer,referred}' where kind = 'ApplyForPolicy';
update command_log set answer = jsonb_set(answer, '{text}', '"an underwriter has to look at these answers; apply for the policy with them"')
 where kind = 'BuyPolicy' and answer ->> 'refused' = 'REFERRED';
