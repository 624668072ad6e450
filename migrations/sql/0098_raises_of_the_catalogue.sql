-- Raises are defined in the catalogue alone. What the version on sale says is kept beside how a raise stands in the form in which subscriptions
-- are judged by it; nothing else writes it. Raises that were approved before get the version that stands.

create temporary table defined on commit drop as
select r.fund || '-R' code, r.recorded_at, r.ended, jsonb_build_object(
         'product', r.fund || '-R', 'kind', 'raise_product',
         'name', jsonb_build_object('zh', f.name || '募集', 'en', f.name_en || ', raise'),
         'parameters', jsonb_build_object('fund', r.fund, 'target', r.target, 'least', r.least, 'minimum', r.minimum, 'step', r.step,
                                          'cap', r.cap, 'interest', r.rate),
         'channels', jsonb_build_object('T01', '{}'::jsonb),
         'sale', jsonb_build_object('opens', r.opens_at, 'closes', r.closes_at))::text definition
  from raise_offering r join fund f on f.book = 0 and f.code = r.fund where r.book = 0;

insert into product (book, code, kind) select 0, code, 'raise_product' from defined;
insert into product_version (book, product, version, definition, digest)
select 0, code, 1, definition, sha256(convert_to(definition, 'UTF8')) from defined;
insert into product_step (book, product, version, step, state, by, reason, recorded_at)
select 0, code, 1, 1, 'on_sale', 0, 'raised before the catalogue', recorded_at from defined;
insert into product_step (book, product, version, step, state, by, reason, recorded_at)
select 0, code, 1, 2, 'closed', 0, ended, instant from defined, platform_clock where id = 1 and ended <> '';

alter table raise_offering
  add column product   text,
  add column version   int,
  add column closed_at timestamptz;                      -- a product manager has closed it: sold no more
update raise_offering set product = fund || '-R', version = 1;
alter table raise_offering alter column product set not null, alter column version set not null, drop column proposal;
