-- When a payment that is not over is to be looked after next: sent, or asked about. The table is its own list of what is to be done.

alter table bill_payment add column next_at timestamptz;            -- machine clock; null once the payment is over
alter table bill_payment add column asked int not null default 0;   -- how often it was sent or asked about
update bill_payment set next_at = 'epoch' where settled_on is null;   -- due now, whatever the platform's clock says
alter table bill_payment add constraint bill_payment_looked_after check ((next_at is null) = (settled_on is not null));
create index bill_payment_to_send on bill_payment (biller, next_at) where state in ('prepared', 'sent');
create index bill_payment_to_ask on bill_payment (biller, next_at) where state = 'unknown';
update outbox set sent_at = not_before where destination = 'biller' and sent_at is null;
