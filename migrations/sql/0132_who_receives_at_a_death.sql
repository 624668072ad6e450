-- Of a death: the version of the beneficiaries that stood on that day (0: nobody was named, it is the estate's), and the numbers of those who
-- had died before, from 1, parted by blanks. Who is named after it receives nothing.
alter table claim add column named int not null default 0;
alter table claim add column died text not null default '';

update claim c set named = i.beneficiaries from policy_insured i where i.book = c.book and i.policy = c.policy and c.kind = 'death';
