-- Death cover of minors by all policies that were bought here, whoever pays for them, and who receives what a policy pays at death.

create table minor (
  insured_lookup  bytea   primary key,                    -- keyed hash of the identity number
  asked           bigint  not null                        -- how often; who changes it holds the row
);
create table minor_cover (
  insured_lookup  bytea   not null,
  book            int     not null,                       -- of the policy
  policy          uuid    not null,
  sum_insured     bigint  not null check (sum_insured > 0),
  until           date    not null,                       -- first day without it
  primary key (insured_lookup, policy)
);
create table policy_beneficiary (                         -- append only: each change is a version of its own
  book         int      not null,
  policy       uuid     not null,
  version      int      not null check (version > 0),
  place        int      not null,
  rank         int      not null,
  share        int,                                       -- hundredths of a percent of what the rank receives; null: equal
  relation     text     not null,
  lookup       bytea    not null,                         -- keyed hash of the identity number
  sealed       bytea    not null,                         -- name and identity number
  shown_name   text     not null,
  primary key (book, policy, version, place)
);
alter table policy_insured add column beneficiaries int not null default 0;  -- version of policy_beneficiary; 0: nobody was named

comment on table minor is 'distributed by insured_lookup: minors who are insured, to be held while that changes';
comment on table minor_cover is 'distributed by insured_lookup: their death cover by policy';
comment on table policy_beneficiary is 'distributed by book: who receives what a policy pays at death, append only';
grant select, insert, update (asked) on minor to tapwealth_program;
grant select, insert, update (until) on minor_cover to tapwealth_program;
grant select, insert on policy_beneficiary to tapwealth_program;

update policy_insured i set shown_name = p.shown_name from policy o join person p on p.book = o.book and p.id = o.person
where o.book = i.book and o.id = i.policy and i.relation = 'self';

-- foreign keys

alter table policy_beneficiary add constraint policy_beneficiary_policy foreign key (book, policy) references policy (book, id);
