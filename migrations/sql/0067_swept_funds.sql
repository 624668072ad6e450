-- Into which funds an agreement to sweep a bank card into several has gone: what comes of them goes back to that card.

create table sweep_fund (
  book       int   not null,
  agreement  uuid  not null,
  fund       text  not null,
  primary key (book, agreement, fund)
);

grant select, insert on sweep_fund to tapwealth_program;
comment on table sweep_fund is 'distributed by book';

-- foreign keys
alter table sweep_fund add constraint sweep_fund_under foreign key (book, agreement) references sweep_agreement (book, id);
