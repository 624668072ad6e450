-- Changes of policies that run: asked of the insurer, and what became of them. At most one of a policy is under way.
create table policy_endorsement (
  book                int         not null,
  id                  uuid        not null,
  policy              uuid        not null,
  kind                text        not null check (kind in ('occupation', 'beneficiaries', 'address', 'age')),
  serial              text        not null,               -- names the request at the insurer, and the refund at the bank
  amount              bigint      not null,               -- fen: taken; with a minus: to come back
  effective           date        not null,
  occupation_from     smallint,
  occupation_to       smallint,
  beneficiaries_from  int,                                -- versions of policy_beneficiary
  beneficiaries_to    int,
  sum_from            bigint,                             -- fen insured
  sum_to              bigint,
  sealed              bytea,                              -- the address
  state               text        not null check (state in ('asked', 'accepted', 'refused')),
  asked_on            date        not null,               -- business date
  asked_at            timestamptz not null,
  decided_on          date,
  reason              text        not null default '',
  refunded_on         date,
  primary key (book, id),
  unique (book, serial),
  check ((state = 'asked') = (decided_on is null)),
  check (refunded_on is null or amount < 0)
);
create unique index policy_endorsement_asked on policy_endorsement (book, policy) where state = 'asked';
create index policy_endorsement_policy on policy_endorsement (book, policy, asked_at);
create index policy_endorsement_unrefunded on policy_endorsement (book, decided_on) where amount < 0 and refunded_on is null;
grant select, insert, update on policy_endorsement to tapwealth_program;
comment on table policy_endorsement is 'distributed by book: changes of policies that run';

-- foreign keys

alter table policy_endorsement add constraint policy_endorsement_policy foreign key (book, policy) references policy (book, id);
