-- Ordinary redemption: further states of an order, what the registrar owes us for customers, and where payments to wallets are looked for.

alter table fund_order drop constraint fund_order_state_check;
alter table fund_order add constraint fund_order_state_check
  check (state in ('placed', 'sent', 'deferred', 'confirmed', 'refused', 'cancelled', 'paid'));

create table registrar_due (                            -- money of a customer that the registrar has confirmed and has to pay
  book           int    not null,
  id             uuid   not null,
  fund_order     uuid   not null,                       -- what it is for
  name           text   not null,                       -- end-to-end id under which the registrar pays it, with others of that day
  wallet         bigint not null,                       -- ledger account it goes on to
  amount         bigint not null check (amount > 0),    -- fen
  business_date  date   not null,                       -- of the confirmation
  paid_on        date,                                  -- when it came into the collection account
  primary key (book, id)
);
create index registrar_due_unpaid on registrar_due (name) where paid_on is null;
create index registrar_due_wallet on registrar_due (book, wallet) where paid_on is null;
create index instruction_part_target on instruction_part (book, target) where target <> 0;

grant select, insert, update on registrar_due to tapwealth_program;
comment on table registrar_due is 'distributed by book';
