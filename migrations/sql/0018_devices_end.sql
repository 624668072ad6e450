-- A phone that is no longer its owner's: it is suspended or ended, and speaks for nobody. A card knows the phone that asked for it.

alter table device add column state text not null default 'active' check (state in ('active', 'suspended', 'ended'));
alter table device add column state_since timestamptz;                       -- null: since it was enrolled
create index device_person on device (book, person);
grant update on device to tapwealth_program;

alter table card_token add column asked_by bytea not null default '';        -- the device's token_lookup; empty: before this was kept
