-- What follows a tap: pre-authorisations and their completions, voids, refunds, inquiries. Each is a row of `authorisation` of its own kind.

alter table authorisation add column kind text not null default '22';        -- field 60.1: 22 sale, 10 pre-authorisation, 20 completion ...
alter table authorisation add column original uuid;                          -- the row it follows
alter table authorisation add column held_by uuid;                           -- the entry whose holds it has; null: placed under its own id
alter table authorisation add column held_until timestamptz;                 -- null: nothing is held by time
alter table authorisation add column balance bigint not null default 0;      -- fen, as told to an inquiry
alter table authorisation add column credit bigint not null default 0;       -- fen that clearing gives back to the customer
alter table authorisation add column credited_on date;
update authorisation set held_until = received_at + interval '7 days';
alter table authorisation drop constraint authorisation_state_check;
alter table authorisation add constraint authorisation_state_check
  check (state in ('approved', 'declined', 'reversed', 'captured', 'expired', 'voided', 'completed', 'done'));
create index authorisation_original on authorisation (book, original) where original is not null;
create index authorisation_credit on authorisation (book, business_date) where credit > 0 and credited_on is null;
create index authorisation_credited on authorisation (book, credited_on) where credited_on is not null;
create index authorisation_held on authorisation (book, held_until) where state = 'approved';
