-- Who acts for a child to whom something is paid at a death: named for one claim by one operator, and agreed to by another one.
create table claim_guardian (
  book          int         not null,
  claim         uuid        not null,
  place         int         not null check (place >= 0),   -- of the child among those whom the policy names, policy_beneficiary.place
  relation      text        not null,                      -- to the child
  lookup        bytea       not null,                      -- keyed hash of the guardian's identity number
  sealed        bytea       not null,                      -- name, identity number and account at a bank
  shown_name    text        not null,
  papers        uuid[]      not null,                      -- of claim_paper: what shows it
  named_on      date        not null,
  proposed_by   bigint      not null,                      -- numbers of operators
  approved_by   bigint      not null,
  primary key (book, claim, place)
);

grant select, insert, update on claim_guardian to tapwealth_program;
comment on table claim_guardian is 'distributed by book: who acts for children to whom claims are paid';
comment on table claim_paper_look is 'distributed by book: which operators and clients had files of claims';

-- foreign keys

alter table claim_guardian add constraint claim_guardian_claim foreign key (book, claim) references claim (book, id);
