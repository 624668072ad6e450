-- Who may buy a fund besides whom its risk suits, as the version on sale says it.

alter table fund
  add column kyc_class int not null default 1,           -- least class of the payment account
  add column youngest  int,                              -- full years; null: no bound
  add column oldest    int;
