-- What a customer is told on the phone though its kind may be switched off: money that did not go where it was sent, and what others have done
-- to what is the customer's.

alter table notice add column obligatory boolean not null default false;
