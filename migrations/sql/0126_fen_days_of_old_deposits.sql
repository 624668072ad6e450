-- Demand deposits that were opened before there was a table of what they earn on: nothing has moved in them since, so all of it counts from
-- their first day. They are settled first on a day that is not closed.

insert into deposit_running (book, deposit, fen_days, since, settles)
select d.book, d.id, 0, d.first, (
  select min(day.date)
  from generate_series(greatest(d.first, c.after)::timestamp, greatest(d.first, c.after)::timestamp + interval '4 months', interval '1 day') t(at),
    lateral (select t.at::date as date) day
  where extract(month from day.date) in (3, 6, 9, 12) and extract(day from day.date) = f.settles_on)
from deposit d
join product_version v on v.book = 0 and v.product = d.product and v.version = d.version,
  lateral (select coalesce((v.definition::json -> 'parameters' -> 'form' ->> 'settles_on')::int, 20) as settles_on) f,
  (select coalesce(max(business_date) + 1, date '1970-01-01') as after from business_day where state = 'closed') c
where d.form = 'demand' and d.state <> 'closed'
  and not exists (select from deposit_running r where r.book = d.book and r.deposit = d.id);
