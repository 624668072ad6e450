-- Whom and what each policy insures as it stands: the person, their work, what their answers add to the price, the phone. An endorsement
-- changes it; what was agreed first stays in the sale record.

create table policy_insured (
  book             int      not null,
  policy           uuid     not null,
  relation         text     not null check (relation in ('self', 'spouse', 'child', 'parent')),  -- to the policyholder
  insured_lookup   bytea    not null,                     -- keyed hash of the identity number: the same person in all books
  sealed           bytea,                                 -- name and identity number; null: the policyholder's, which stand in person
  shown_name       text     not null default '',
  occupation       smallint not null check (occupation between 1 and 6),
  loading_permille int      not null default 0 check (loading_permille between 0 and 5000),
  sum_insured      bigint   not null check (sum_insured > 0),
  imei_lookup      bytea,                                 -- keyed hash
  imei_last4       text     not null default '',
  primary key (book, policy),
  check ((relation = 'self') = (sealed is null)),
  check ((imei_lookup is null) = (imei_last4 = ''))
);
create index policy_insured_person on policy_insured (book, insured_lookup);
grant select, insert, update on policy_insured to tapwealth_program;
comment on table policy_insured is 'distributed by book: whom and what each policy insures as it stands';

insert into policy_insured (book, policy, relation, insured_lookup, occupation, sum_insured)
select p.book, p.id, 'self', o.identity_lookup,
       coalesce((select (s.record::jsonb -> 'terms' ->> 'occupation_class')::smallint from sale s where s.book = p.book and s.id = p.id), 1),
       p.sum_insured
from policy p join person o on o.book = p.book and o.id = p.person;

-- foreign keys

alter table policy_insured add constraint policy_insured_policy foreign key (book, policy) references policy (book, id);
