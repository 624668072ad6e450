-- What somebody answers about their health is sensitive: it lies sealed, in an application as in the record of a sale. What lies open of
-- before, the program seals when the platform starts: it has the keys. `sale_to_seal` names the records that lay open.

alter table sale add column sealed bytea;                  -- the record, sealed; `record` is empty then
grant update (record, sealed) on sale to tapwealth_program;

create table sale_to_seal (
  book    int     not null,
  id      uuid    not null,
  primary key (book, id)
);
insert into sale_to_seal
select book, id from sale where seal is not null and record like '%"kind":"policy"%' and record like '%"answer %';
grant select on sale_to_seal to tapwealth_program;
comment on table sale_to_seal is 'distributed by book: records of sales from before they lay sealed';

alter table policy_application
  add column sealed bytea,                                 -- the answers, and which of them are to be looked at
  alter column answers drop not null,
  alter column referred drop not null,
  add check ((sealed is null) = (answers is not null) and (answers is null) = (referred is null));
create index policy_application_open on policy_application (book, id) where answers is not null;
grant update (answers, referred, sealed) on policy_application to tapwealth_program;

-- Proposals that name an answer, or say why somebody's answers are taken on or not.
create index approval_to_seal on approval (book, id)
  where kind in ('ProposeUnderwriting', 'ProposeRescission') and not proposal ? 'sealed';
