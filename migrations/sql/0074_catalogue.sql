-- What the house sells, as data. A version is written once and never changed; what became of it stands in its steps, of which the last one
-- tells its state. Disclosure documents lie under the hash of their bytes, so that years later they are what was shown.

create table product (
  book      int   not null,                              -- 0
  code      text  not null,
  kind      text  not null,
  primary key (book, code)
);

create table product_version (
  book        int    not null,                           -- 0
  product     text   not null,
  version     int    not null,                           -- 1, 2, …
  definition  text   not null,                           -- canonical JSON: what the digest is taken of
  digest      bytea  not null check (digest = sha256(convert_to(definition, 'UTF8'))),
  primary key (book, product, version)
);

create table product_step (
  book         int         not null,                     -- 0
  product      text        not null,
  version      int         not null,
  step         int         not null,                     -- 1, 2, …: the highest stands
  state        text        not null check (state in ('draft', 'reviewed', 'on_sale', 'replaced', 'closed', 'rejected')),
  by           bigint      not null,                     -- operator; 0: the house itself
  reason       text        not null default '',
  recorded_at  timestamptz not null,
  primary key (book, product, version, step)
);

create table product_document (
  book         int         not null,                     -- 0
  digest       bytea       not null check (digest = sha256(content)),
  media_type   text        not null,
  content      bytea       not null,
  recorded_at  timestamptz not null,
  primary key (book, digest)
);

grant select, insert on product, product_version, product_step, product_document to tapwealth_program;
comment on table product is 'distributed by book';
comment on table product_version is 'distributed by book';
comment on table product_step is 'distributed by book';
comment on table product_document is 'distributed by book';
-- foreign keys
alter table product_version add constraint product_version_product foreign key (book, product) references product (book, code);
alter table product_step add constraint product_step_version
  foreign key (book, product, version) references product_version (book, product, version);
