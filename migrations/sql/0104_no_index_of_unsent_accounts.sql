-- Nobody has ever looked by it: the applications of a date are those that wait and those that left on it, which no index of the waiting alone
-- can find. It was written at every opening of an account, and again when that was sent.

drop index fund_account_unsent;
