-- What is still to come back of claims is listed, the oldest first.
create index claim_recovery_awaited on claim_recovery (book, expected_on) where received_on is null and withdrawn_on is null;
