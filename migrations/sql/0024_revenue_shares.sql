-- What the bank and the phone maker have of the issuer's and the acquirer's revenue of a date, by their contract.

create table revenue_share (
  book           int    not null,                       -- 0
  business_date  date   not null,
  revenue        text   not null check (revenue in ('issuer', 'acquirer')),
  party          text   not null check (party in ('bank', 'phone_maker')),
  amount         bigint not null,                       -- fen; below zero: a share of a loss
  primary key (book, business_date, revenue, party)
);

grant select, insert on revenue_share to tapwealth_program;
comment on table revenue_share is 'distributed by book';
