-- What a cancellation that operations found reason for is asked for. One from an answer carries the words that only it was asked with;
-- what was untrue on purpose brought nothing back, all else did.
alter table policy add column rescission text check (rescission in ('on_purpose', 'negligence', 'age'));
update policy set rescission = case when refund = 0 then 'on_purpose' else 'negligence' end
where cancel_serial is not null and cancel_reason like '% was not answered truthfully';
update policy set rescission = 'age' where cancel_serial is not null and cancel_reason = 'the true age is outside the product''s range';
