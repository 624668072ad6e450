-- Policies are defined in the catalogue alone, and each refers to the version on which it was bought. The two products that were sold before
-- get their first version, wherever somebody can have bought them.

create temporary table defined on commit drop as
select code, definition from (values
  ('ACC1', '{"channels":{"app":{}},"documents":[],"eligibility":{"kyc_class":1,"oldest":65,"regions":[],"risk_level":null,"youngest":18},"kind":"insurance","name":{"en":"Accident, one year","zh":"一年期意外险"},"parameters":{"cancellation":"unearned","cover":{"days":null,"of":"accident"},"free_look_cost":0,"free_look_days":0,"insurer":"TPINS","loading":350000,"sum_insured":40000000,"waiting_days":0},"product":"ACC1","rates":{"premium_class_1":[{"from":"1990-01-01","until":null,"value":76000}],"premium_class_2":[{"from":"1990-01-01","until":null,"value":96000}]},"sale":{"closes":null,"opens":null}}'),
  ('TL20', '{"channels":{"app":{}},"documents":[],"eligibility":{"kyc_class":1,"oldest":55,"regions":[],"risk_level":null,"youngest":18},"kind":"insurance","name":{"en":"Term life, twenty years","zh":"二十年期定期寿险"},"parameters":{"cancellation":"unearned","cover":{"of":"term_life","years":20},"free_look_cost":1000,"free_look_days":15,"insurer":"TPINS","loading":250000,"sum_insured":10000000,"waiting_days":0},"product":"TL20","rates":{"interest":[{"from":"1990-01-01","until":null,"value":25000}]},"sale":{"closes":null,"opens":null}}')
) x(code, definition) where exists (select from person) or exists (select from policy);

insert into product (book, code, kind) select 0, code, 'insurance' from defined;
insert into product_version (book, product, version, definition, digest)
select 0, code, 1, definition, sha256(convert_to(definition, 'UTF8')) from defined;
insert into product_step (book, product, version, step, state, by, reason, recorded_at)
select 0, code, 1, 1, 'on_sale', 0, 'sold before the catalogue', instant from defined, platform_clock where id = 1;

alter table policy add column version int not null default 1; -- of the product
alter table policy alter column version drop default;
