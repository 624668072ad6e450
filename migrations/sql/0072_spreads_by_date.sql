-- Dates of an asset's spreads never fall: the last one up to a date is the last whose shares count by then, however many came later.
create index spread_dated on spread (book, asset, business_date, no);
