-- Which contract binds a phone: one at a time, whoever bought it, in whichever book.
create table insured_phone (
  imei_lookup  bytea  primary key,                        -- keyed hash of the IMEI
  book         int    not null,                           -- of the contract that binds it, or did so last
  policy       uuid   not null,
  until        date   not null                            -- first day on which another one may
);
comment on table insured_phone is 'distributed by imei_lookup: one contract for each phone at a time';
grant select, insert, update (book, policy, until) on insured_phone to tapwealth_program;
