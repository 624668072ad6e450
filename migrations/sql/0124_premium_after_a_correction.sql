-- What a year costs from then on, where the insured person's true age is found to be another one.
alter table policy_endorsement add column premium_to bigint;
