-- Where a card may pay, and what is counted of its taps.

alter table card_token add column contact boolean not null default false;    -- it may be read by its contacts as well
alter table card_token add column allowed text not null default '';          -- merchant categories, parted by blanks; empty: all not denied
alter table card_token add column denied text not null default '6010 6011 7995';
alter table card_token add column switched_off text not null default '';     -- by the customer
alter table card_token add column day_limit bigint check (day_limit >= 0);   -- fen, the customer's own; null: none

alter table authorisation add column verified boolean not null default false;  -- the holder was, as the terminal tells it
create index authorisation_recent on authorisation (book, person, received_at);
create index authorisation_declined on authorisation (business_date) where state = 'declined';
drop index authorisation_person;                                             -- the new one finds a person's as well
