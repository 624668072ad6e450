-- What a biller says of a payment, or a bank of a bill that is paid by itself, and cannot be written down: how often in a row, and why.

alter table bill_payment add column faults int not null default 0;
alter table bill_payment add column fault text not null default '';   -- of the last time; '' once something of it was written down
create index bill_payment_faulty on bill_payment (biller) where faults > 0;

alter table autopay_bill add column faults int not null default 0;
