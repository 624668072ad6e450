-- Answers by which a policy was bought are kept for years after its end, and erased then: 5 of a policy for a year or less, 10 of a longer
-- one, 3 of one that the insurer did not take on. `erase_on` is that day; the record of the sale and the application are empty after it.
create table policy_answers (
  book       int   not null,
  policy     uuid  not null,
  erase_on   date  not null,
  erased_on  date  check (erased_on >= erase_on),
  primary key (book, policy)
);
create index policy_answers_erase on policy_answers (book, erase_on) where erased_on is null;
insert into policy_answers
select p.book, p.id,
       (least(p.to_day, p.cancelled_on + 1, p.refused_on) + case when p.refused_on is not null then interval '3 years'
          when p.to_day > p.from_day + interval '1 year 1 day' then interval '10 years' else interval '5 years' end)::date
  from policy p join sale s on s.book = p.book and s.id = p.id
 where s.sealed is not null or exists (select from sale_to_seal t where t.book = s.book and t.id = s.id);
grant select, insert, update on policy_answers to tapwealth_program;
comment on table policy_answers is 'distributed by book: until when answers of policies are kept';

-- foreign keys

alter table policy_answers add constraint policy_answers_policy foreign key (book, policy) references policy (book, id);
