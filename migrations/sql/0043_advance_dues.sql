-- The advancer's redemption may be confirmed in parts: on a large-redemption day a tenth, and the rest with the next dealing days.

alter table advance_redemption drop constraint advance_redemption_state_check;
alter table advance_redemption add constraint advance_redemption_state_check
  check (state in ('sent', 'deferred', 'confirmed', 'refused', 'paid'));

create table advance_due (                              -- what the registrar has confirmed of one, for each book's units, and has to pay
  book           int    not null,
  serial         text   not null,                       -- of the redemption
  confirmed_on   date   not null,                       -- by the registrar
  name           text   not null,                       -- end-to-end id under which it pays, with others of that day
  units          bigint not null check (units > 0),     -- 1/100 unit, and fen
  business_date  date   not null,                       -- under which the confirmation is booked
  paid_on        date,
  primary key (book, serial, confirmed_on)
);
create index advance_due_unpaid on advance_due (name) where paid_on is null;

insert into advance_due (book, serial, confirmed_on, name, units, business_date, paid_on)
  select p.book, p.serial, r.confirmed_on, 'RED-T01-' || to_char(r.confirmed_on, 'YYYYMMDD'), p.units, r.confirmed_on, r.paid_on
  from advance_redemption r join advance_redemption_part p on p.serial = r.serial
  where r.book = 0 and r.state in ('confirmed', 'paid');

grant select, insert, update on advance_due to tapwealth_program;
comment on table advance_due is 'distributed by book';
