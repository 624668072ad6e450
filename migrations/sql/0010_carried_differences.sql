-- What an account of ours at the bank still lacks or has too much when a date is over, so that the next date's proof knows it when it comes.

alter table bank_statement add column carried jsonb not null default '[]';   -- [[end_to_end_id, the bank's less ours in fen, since], …]
