-- Who proposed a quotation is an operator's number, which is a long one. And how far a money fund's value at market prices lies from that at
-- amortised cost, in millionths, where it was told.

drop view fund_quotation_standing;
alter table fund_quotation alter column actor type bigint, add column deviation int;

create view fund_quotation_standing as                  -- what counts today
  select distinct on (book, fund, day) * from fund_quotation where state = 'stands' order by book, fund, day, version desc;
grant select on fund_quotation_standing to tapwealth_program;
