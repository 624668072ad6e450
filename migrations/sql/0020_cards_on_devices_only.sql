-- Every card belongs to a device. Those that were bound to none end here: their customers are given another one by their phone.

update card_token set state = 'deleted' where device_key = '';
drop index card_token_plain;
drop index card_token_device;
alter table card_token alter column device_key drop default;
create unique index card_token_device on card_token (book, person, device_key) where state <> 'deleted';
