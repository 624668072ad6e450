-- The day on which a policy came to its policyholder, from which the free look counts.
alter table policy add column received_on date;
update policy set received_on = issued_on where issued_on is not null;
alter table policy add check ((received_on is null) = (issued_on is null));
