-- Which operator had which file of a claim, and when: what shows a loss may tell of somebody's health.
create table claim_paper_look (
  book          int         not null,
  paper         uuid        not null,
  looked_at     timestamptz not null,
  looked_by     text        not null,
  primary key (book, paper, looked_at, looked_by)
);

grant select, insert on claim_paper_look to tapwealth_program;
comment on table claim_paper_look is 'distributed by book: which operators had files of claims';

-- foreign keys

alter table claim_paper_look add constraint claim_paper_look_paper foreign key (book, paper) references claim_paper (book, id);
