-- How often a payment was sent anew because its biller said that it never came, apart from how often it was asked about; and what its bill
-- came to when it was paid, against which arrears are read later.

alter table bill_payment add column resent int not null default 0;
alter table bill_payment add column owed bigint not null default 0;
update bill_payment set owed = amount;
