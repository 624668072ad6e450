-- The bound bank card as a source of a tap: what its bank was asked to reserve, and what became of that.

alter table authorisation add column card_amount bigint not null default 0;  -- fen that the customer's bank pays
alter table authorisation drop constraint authorisation_state_check;
alter table authorisation add constraint authorisation_state_check
  check (state in ('approved', 'declined', 'reversed', 'captured', 'expired', 'voided', 'completed', 'done', 'asking_bank'));

create table reservation (
  book          int         not null,
  id            uuid        not null,                   -- the authorisation
  name          text        not null,                   -- the end-to-end id at the bank
  mandate       uuid        not null,
  person        uuid        not null,
  amount        bigint      not null check (amount > 0),
  business_date date        not null,
  state         text        not null check (state in ('asking', 'held', 'refused', 'unknown', 'releasing', 'released', 'debited')),
  reason        text        not null default '',
  ask_until     timestamptz not null,                   -- machine's clock: after it nobody asks any more
  held_until    timestamptz not null,                   -- platform's clock: until then the bank holds it
  primary key (book, id)
);
create unique index reservation_name on reservation (book, name);
create index reservation_of_day on reservation (book, mandate, business_date);
create index reservation_asking on reservation (book, ask_until) where state = 'asking';

grant select, insert, update on reservation to tapwealth_program;
comment on table reservation is 'distributed by book';

-- foreign keys
alter table reservation add constraint reservation_of foreign key (book, id) references authorisation (book, id);
alter table reservation add constraint reservation_under foreign key (book, mandate) references mandate (book, id);
alter table mandate add constraint mandate_over foreign key (book, card) references bank_card (book, id);
