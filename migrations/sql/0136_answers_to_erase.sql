-- Answers by which no policy was bought are erased when nobody can go to law about them any more: `sealed` is empty then.
create index policy_application_erase on policy_application (book, asked_on) where policy is null and sealed <> '';
