-- Electronic cash on cards in phones: orders that load and unload it, sales that were approved offline, and what a deleted card leaves.

alter table card_token add column deleted_at timestamptz;                    -- from then on its cash waits for sales still to come in
alter table card_token add column cash_returned_on date;                     -- business date on which what was left went to the wallet
update card_token set deleted_at = (select instant from platform_clock) where state = 'deleted';
create index card_token_deleted on card_token (deleted_at) where deleted_at is not null and cash_returned_on is null;

alter table authorisation add column cash_amount bigint not null default 0;  -- fen of the card's electronic cash

create table cash_order (
  book          int         not null,
  token         uuid        not null,
  kind          text        not null check (kind in ('load', 'unload')),
  number        int         not null check (number > 0),   -- 1, 2, …: the card takes them in this order, each once
  amount        bigint      not null check (amount > 0),   -- fen
  balance       bigint,                                    -- what the card says is left on it, of an unload
  unclaimed     bigint      not null default 0,            -- what had left the card by then and was not claimed, of an unload
  ordered_at    timestamptz not null,
  business_date date        not null,
  looked_at     timestamptz,                               -- when what nobody had claimed since was given back
  returned      bigint      not null default 0,            -- how much that was
  primary key (book, token, kind, number)
);
grant select, insert, update on cash_order to tapwealth_program;
create index cash_order_unclaimed on cash_order (ordered_at) where unclaimed > 0 and looked_at is null;
comment on table cash_order is 'distributed by book';

create table offline_sale (
  book          int  not null,
  token         uuid not null,
  atc           int  not null,                             -- a counter approves one sale, whoever claims it
  authorisation uuid not null,
  after_unload  int  not null,                             -- number of the card's last unload when it was claimed; 0: there was none
  primary key (book, token, atc)
);
grant select, insert on offline_sale to tapwealth_program;
comment on table offline_sale is 'distributed by book';

-- foreign keys
alter table cash_order add constraint cash_order_of foreign key (book, token) references card_token (book, id);
alter table offline_sale add constraint offline_sale_of foreign key (book, authorisation) references authorisation (book, id);
