-- Issuer master keys by index: which there are, and which are honoured no more. The keys themselves lie in the key store.

create table issuer_key (
  key_index   int         primary key check (key_index between 1 and 255),   -- second byte of tag 9F10
  retired_at  timestamptz                                                     -- by the platform's clock; null: honoured
);
insert into issuer_key (key_index) values (1);                                -- every installation begins with it
grant select, insert, update on issuer_key to tapwealth_program;
comment on table issuer_key is 'reference table: the indexes of issuer master keys';
