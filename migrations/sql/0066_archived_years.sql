-- Years of spreads whose shares are in a file outside the database.
--
--   * A year that is closed is written to a file, read again, proved against its lines and noted here with the hash of the file; then its shares
--     leave `spread_share`, but for the newest row of each part: what is given in all by the end of the year stays where it is looked for.
--   * What an account had been given by a line or a date within such a year is in the file alone.
--   * The line `seal_no` carries the beginning of the file's hash as its reference: so the file hangs on the chain.

create table spread_archive (
  book        int       not null,
  asset       smallint  not null,
  year        smallint  not null,
  first_no    bigint    not null,                          -- of the year's spreads
  last_no     bigint    not null,
  first_date  date      not null,
  last_date   date      not null,
  spreads     int       not null,
  accounts    int       not null,                          -- rows of the file: 256 for each part
  amount      bigint    not null,                          -- what the year's spreads gave
  bytes       bigint    not null,
  digest      bytea     not null,                          -- SHA-256 of the file
  seal_no     bigint    not null,
  primary key (book, asset, year)
);

-- Takes out the shares that an archive has. The program may take no row of history out by itself; this takes out what is noted as archived, and
-- leaves of each part the newest.
create function ledger_forget_shares(p_book int, p_asset smallint, p_year smallint) returns bigint language sql security definer
set search_path = tapwealth, pg_temp as $$
  with gone as (
    delete from spread_share s using spread_archive y
     where y.book = p_book and y.asset = p_asset and y.year = p_year
       and s.book = p_book and s.asset = p_asset and s.no between y.first_no and y.last_no
       and exists (select from spread_share w where w.book = p_book and w.asset = p_asset and w.part = s.part and w.no > s.no and w.no <= y.last_no)
    returning 1)
  select count(*) from gone
$$;
revoke execute on function ledger_forget_shares(int, smallint, smallint) from public;
grant execute on function ledger_forget_shares(int, smallint, smallint) to tapwealth_program;

-- Income of the years that are not archived: a holder's income of the others follows from their files.
create or replace view fund_income as
  select book, fund_account, fund, income_date, amount, computed, business_date from fund_income_posted
  union all
  select i.book, a.owner, i.fund, i.income_date, s.amounts[(a.id & 255) + 1], coalesce(d.computed, s.amounts[(a.id & 255) + 1]), i.business_date
    from fund_income_spread i
    join account a on a.book = i.book and a.kind = 601 and a.asset = i.asset
    join spread_share s on s.book = i.book and s.asset = i.asset and s.part = a.id >> 8 and s.no = i.no
    left join fund_income_differing d on d.book = i.book and d.fund_account = a.owner and d.fund = i.fund and d.income_date = i.income_date
   where s.amounts[(a.id & 255) + 1] is not null
     and not exists (select from spread_archive y where y.book = i.book and y.asset = i.asset and i.no between y.first_no and y.last_no);

comment on table spread_archive is 'distributed by book: history, append only';
grant select, insert on spread_archive to tapwealth_program;
grant maintain on spread_share to tapwealth_program;

-- The account of each fund on the shelf that an archive's seal passes through.
insert into account (book, id, owner, kind, asset, side)
  select b.book, (b.book::bigint << 48) | (f.asset * 1000::bigint + 608), '00000000-0000-0000-0000-000000000000', 608, f.asset, 0
    from book b, (select distinct asset from fund) f
  on conflict do nothing;
