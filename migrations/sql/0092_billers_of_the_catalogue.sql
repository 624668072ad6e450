-- Billers are defined in the catalogue alone. What the version on sale says is kept beside a biller in the form in which payments are judged
-- by it, with that version's number; nothing else writes it. Billers of before get a version that says what they said.

alter table biller
  add column version  int         not null default 1,    -- of the catalogue, that stands
  add column opens    timestamptz,                       -- takes payments from then on, null: at once
  add column closes   timestamptz,                       -- until then, null: without an end
  add column closed   boolean     not null default false; -- a product manager has closed it: no new payment
alter table bill add column item text not null default '';              -- of its biller
alter table autopay add column item text not null default '';
alter table bill_payment
  add column version  int     not null default 1,        -- of the biller's service, as it was sold
  add column kept     bigint  not null default 0 check (kept >= 0);     -- fen that the biller pays us for it

update bill_payment p set kept = b.fee from biller b where b.book = 0 and b.id = p.biller and b.fee > 0;
update bill l set item = b.items -> 0 ->> 'category' from biller b where b.book = 0 and b.id = l.biller;
update autopay a set item = b.items -> 0 ->> 'category' from biller b where b.book = 0 and b.id = a.biller;

-- A pattern may be as the catalogue takes them; any other one gives way to what every account number fits.
update biller set
  region = case when region ~ '^[0-9]{2}([0-9]{2}){0,2}$' then regexp_replace(region, '^([0-9]{2}(?:(?!00)[0-9]{2})*)(?:00)+$', '\1') else '' end,
  items = jsonb_build_array(jsonb_build_object(
    'code', items -> 0 ->> 'category',
    'name', jsonb_build_object('zh', name, 'en', name_en),
    'category', items -> 0 ->> 'category',
    'fields', jsonb_build_array(jsonb_build_object(
      'name', 'account_number',
      'title', jsonb_build_object('zh', items #>> '{0,account_number,title}', 'en', items #>> '{0,account_number,title}'),
      'hint', jsonb_build_object('zh', items #>> '{0,account_number,hint}', 'en', items #>> '{0,account_number,hint}'),
      'schema', jsonb_build_object(
        'type', 'string', 'minLength', 1, 'maxLength', 64, 'format', '',
        'pattern', case when items #>> '{0,account_number,pattern}' ~ '^((\[[0-9A-Za-z-]+\]|[0-9A-Za-z-])([{][0-9]{1,2}[}])?)+$'
                        then '^' || (items #>> '{0,account_number,pattern}') || '$' else '^[0-9A-Za-z-]{1,64}$' end),
      'order', 0)),
    'amount', jsonb_build_object('maximum', items -> 0 -> 'maximum', 'mode', 'exact', 'minimum', 1),
    'hours', jsonb_build_object('opens', items -> 0 -> 'opens', 'closes', items -> 0 -> 'closes'),
    'offered', true));

create temporary table defined on commit drop as
select b.code, b.added_at,
       jsonb_build_object(
         'product', b.code, 'kind', 'biller_service', 'name', jsonb_build_object('zh', b.name, 'en', b.name_en),
         'parameters', jsonb_build_object('region', b.region, 'connection', b.connection, 'bank_account', b.bank_account,
           'cycle', b.cycle, 'fee_kept', b.fee, 'items', b.items),
         'channels', jsonb_build_object('T01', jsonb_build_object()))::text definition
  from biller b;

insert into product (book, code, kind) select 0, code, 'biller_service' from defined;
insert into product_version (book, product, version, definition, digest)
select 0, code, 1, definition, sha256(convert_to(definition, 'UTF8')) from defined;
insert into product_step (book, product, version, step, state, by, reason, recorded_at)
select 0, code, 1, 1, 'on_sale', 0, 'in the directory before the catalogue', added_at from defined;

drop index autopay_active;
create unique index autopay_active on autopay (book, person, biller, item, lookup) where state = 'active';
grant update on biller to tapwealth_program;
