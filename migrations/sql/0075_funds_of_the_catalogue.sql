-- Funds are defined in the catalogue alone. What the version on sale says is kept beside a fund in the form in which orders are judged by it,
-- with that version's number; nothing else writes it. Funds that were put on the shelf before get the version that stands.

alter table fund
  add column version  int         not null default 1,    -- of the catalogue, that stands
  add column opens    timestamptz,                       -- sold from then on, null: at once
  add column closes   timestamptz,                       -- sold until then, null: without an end
  add column closed   boolean     not null default false; -- a product manager has closed it: sold no more
alter table sales_channel add column version int not null default 1;
alter table fund_conditions drop column proposal;

insert into fund_conditions (book, fund, version, conditions, recorded_at)
select 0, f.code, 1, '{}', (select instant from platform_clock where id = 1) from fund f
 where not exists (select from fund_conditions c where c.book = 0 and c.fund = f.code);

create temporary table defined on commit drop as
select f.code, c.version, case when c.conditions ->> 'kind' = 'nav' then 'fund' else 'money_fund' end kind, c.recorded_at,
       jsonb_build_object(
         'product', f.code, 'kind', case when c.conditions ->> 'kind' = 'nav' then 'fund' else 'money_fund' end,
         'name', jsonb_build_object('zh', f.name, 'en', f.name_en),
         'parameters', jsonb_build_object('registrar', f.registrar, 'custody_account', f.custody_account, 'cut_off_hour', f.cut_off_hour)
           || case when c.conditions ->> 'kind' = 'nav' then c.conditions - 'kind' - 'discounts' - 'carry_forward'
                   else c.conditions - 'kind' - 'discounts' - 'purchase_fees' - 'redemption_fees' - 'rounding' - 'deviation_gate' end,
         'channels', (select coalesce(jsonb_object_agg(s.code, jsonb_build_object(
             'own', s.own, 'minimum_purchase', s.minimum_purchase, 'day_cap', s.day_cap, 'holding_cap', s.holding_cap,
             'remains', coalesce((select (d ->> 'remains')::bigint from jsonb_array_elements(c.conditions -> 'discounts') d
                                   where d ->> 'channel' = s.code), 1000000))), '{}')
             from sales_channel s where s.book = 0 and s.fund = f.code),
         'eligibility', jsonb_build_object('risk_level', f.risk_level))::text definition
  from fund f
  join lateral (select * from fund_conditions x where x.book = 0 and x.fund = f.code order by x.version desc limit 1) c on true;

update fund f set version = d.version from defined d where d.code = f.code;
update sales_channel s set version = d.version from defined d where d.code = s.fund;
insert into product (book, code, kind) select 0, code, kind from defined;
insert into product_version (book, product, version, definition, digest)
select 0, code, version, definition, sha256(convert_to(definition, 'UTF8')) from defined;
insert into product_step (book, product, version, step, state, by, reason, recorded_at)
select 0, code, version, 1, 'on_sale', 0, 'on the shelf before the catalogue', recorded_at from defined;

grant update on fund, sales_channel to tapwealth_program;
