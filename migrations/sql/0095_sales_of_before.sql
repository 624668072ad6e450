-- Records of sales from before there were seals: how many there are in a book, and what they give. The platform has the ledger seal them so,
-- if they are the same still; a record without a seal that is not among them has come there past the program.

create table sale_of_before (
  book       int     not null primary key,
  sales      bigint  not null,
  reference  uuid    not null                            -- half of the SHA-256 over their digests, in the order of their ids
);

insert into sale_of_before (book, sales, reference)
select book, count(*), encode(substr(sha256(string_agg(sha256(convert_to(record, 'UTF8')), '' order by id)), 1, 16), 'hex')::uuid
  from sale where seal is null group by book;

grant select on sale_of_before to tapwealth_program;
comment on table sale_of_before is 'distributed by book: sales from before there were seals';
