-- Shares are laid out by the program and copied in, and who reads what many accounts are owed reads columns: these have no caller.
drop function ledger_spread(int[], uuid[], smallint, date);
drop function ledger_owed_dated(int, smallint, smallint, date);
