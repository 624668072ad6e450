-- By which connection a biller is reached; several billers may share one. Its address is the platform's setting, not data.

alter table biller add column connection text not null default '';
update biller set connection = code;
