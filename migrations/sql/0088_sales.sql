-- What buyers were shown and what they signed. An offer is what is shown of a product's version in one language, kept once; a sale names it
-- by its hash. The sales that a transaction brings to a book are sealed together by an entry in the ledger, whose key is `seal`.

create table sale_offer (
  id       bigint  not null primary key,                -- the beginning of the digest
  digest   bytea   not null check (length(digest) = 32),
  content  text    not null                             -- canonical JSON, `digest` its SHA-256
);

create table sale (
  book    int     not null,
  id      uuid    not null,                             -- that of the order, plan, agreement or policy
  seal    uuid,                                         -- null: from before sales were sealed
  offer   bigint  not null,                             -- 0: what was shown stands in the record itself
  digest  bytea   not null check (length(digest) = 32),
  record  text    not null,                             -- canonical JSON, `digest` its SHA-256
  primary key (book, id)
) with (autovacuum_vacuum_insert_scale_factor = 0.2);

insert into sale (book, id, seal, offer, digest, record) select book, policy, null, 0, digest, shown from sale_record;
drop table sale_record;

grant select, insert on sale_offer, sale to tapwealth_program;
comment on table sale_offer is 'reference table: what buyers were shown, append only';
comment on table sale is 'distributed by book: what buyers signed, append only';
