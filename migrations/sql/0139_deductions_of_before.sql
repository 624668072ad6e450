-- Premiums that were taken off a claim before the insurer was told which ones it keeps: the program asks for them when the platform starts.
create index claim_payment_untold on claim_payment (book, claim) where arrears > 0 and arrears_until is null;
