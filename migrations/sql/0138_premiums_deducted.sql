-- A premium that is owed when something is lost is deducted from what is paid for the loss, and is paid by that.

alter table claim_payment add column arrears_from date;      -- what is deducted pays from this day
alter table claim_payment add column arrears_until date;     -- to before that one
alter table claim_payment add check (arrears_from < arrears_until);
create index claim_payment_deducting on claim_payment (book, claim) where arrears_until is not null and agreed_on is null and refused_on is null;
alter table premium_due add column claim uuid;               -- from which it was deducted; null: it was paid
alter table policy_event add check (covers_from is not null or event <> 'deducted');
