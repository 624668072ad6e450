-- Several funds on one shelf: the registrar's word on holdings and the advancer's redemptions say of which fund they are. What is there is
-- of the one fund there was.

alter table registrar_holding add column fund text;
update registrar_holding set fund = (select code from fund order by asset limit 1);
alter table registrar_holding alter column fund set not null, drop constraint registrar_holding_pkey,
  add primary key (book, business_date, channel, fund, ta_account, trading_account);

alter table advance_redemption add column fund text;
update advance_redemption set fund = (select code from fund order by asset limit 1);
alter table advance_redemption alter column fund set not null;
