-- Whose login it is: a person's number in the house. Two logins of one person are no two pairs of eyes; without a number a login stands
-- for its person.
alter table operator add column staff_number text not null default '' check (staff_number ~ '^[0-9A-Za-z-]{0,20}$');
