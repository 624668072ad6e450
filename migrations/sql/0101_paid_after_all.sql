-- A payment that was given back and turns out to be paid after all may stand beside a later one of the same bill.

drop index bill_payment_live;
create unique index bill_payment_live on bill_payment (book, bill) where state not in ('rejected', 'refunded', 'late_success');
create index bill_payment_late on bill_payment (book, bill) where state = 'late_success';
