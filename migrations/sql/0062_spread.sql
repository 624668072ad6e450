-- A spread: one line of the ledger that gives many accounts something at once (a fund's income of a day), with each account's share beside it.
--
--   * The line moves the sum from its source to a house account, the *pool* of the asset (kind 607). What lies in the pool is owed to those who
--     have shares, and every reader shows it with them, never with the pool.
--   * Shares stand in rows of 256 accounts with neighbouring ids: a slot each, what the spread gave (null: nothing was said of the account) and
--     all that spreads ever gave it. So an account's part in the pool is found in one row, however many days ago it moved last.
--   * Before an account is debited, its part is *folded*: an ordinary entry moves it from the pool to the account, and spread_fold remembers it.
--     Its part is therefore what the newest row gives in all, less what was folded.
--   * The line's reference is the beginning of a hash over its shares: so they hang on the chain as the line does.
--   * Spreads of an asset carry dates that never fall, so that the newest row of a date tells what was given up to it.

create table spread (
  no             bigint    not null,                       -- of its line
  key            uuid      not null,                       -- of its entry
  amount         bigint    not null,
  book           int       not null,
  business_date  date      not null,
  accounts       int       not null,                       -- that something was said of
  asset          smallint  not null,
  primary key (book, asset, no)
);

create table spread_share (
  part           bigint    not null,                       -- id >> 8
  no             bigint    not null,
  book           int       not null,
  business_date  date      not null,
  asset          smallint  not null,
  amounts        bigint[]  not null,                       -- by slot: (id & 255) + 1
  totals         bigint[]  not null,
  primary key (book, asset, part, no),
  check (cardinality(amounts) = 256 and cardinality(totals) = 256)
);

create table spread_fold (
  account        bigint    not null,
  no             bigint    not null,                       -- of the line from the pool to the account
  amount         bigint    not null,
  so_far         bigint    not null,                       -- this one and all before it
  book           int       not null,
  business_date  date      not null,
  primary key (book, account, no)
);

-- What one row of shares adds to the hash of its spread.
create function ledger_share_digest(part bigint, amounts bigint[]) returns bytea language sql immutable strict parallel safe as $$
  select sha256(int8send(part) || array_send(amounts))
$$;

-- The hash of a spread over the digests of its rows, by part, as the reference of its line.
create function ledger_spread_reference(digests bytea) returns uuid language sql immutable strict parallel safe as $$
  select encode(substr(sha256(digests), 1, 16), 'hex')::uuid
$$;

-- Writes the shares that stand in the temporary table spread_staged (account, amount), of the books p_book, each under the number that its next line
-- will have: the caller holds the rows of the books and posts those lines next, under the keys p_key. Nothing twice of an account (its row would
-- have more than 256 slots), nothing below zero. A book whose shares come to nothing has no line and is left out.
create function ledger_spread(p_book int[], p_key uuid[], p_asset smallint, p_date date)
returns table (o_book int, o_key uuid, o_no bigint, o_amount bigint, o_reference uuid) language plpgsql
as $$
begin
  if exists (select from spread s where s.book = any (p_book) and s.asset = p_asset and s.business_date > p_date) then
    raise exception 'spread: a later date has been spread';
  end if;
  return query
    with line as (
      select b.book, k.key, ((b.batch + 1) << 20) | 1 no, g.amount, g.accounts
        from unnest(p_book, p_key) k(book, key) join book b on b.book = k.book
        join (select (account >> 48)::int book, ledger_total(amount) amount, count(*)::int accounts from spread_staged group by 1) g on g.book = k.book
       where g.amount > 0),
    noted as (
      insert into spread (no, key, amount, book, business_date, accounts, asset)
        select l.no, l.key, l.amount, l.book, p_date, l.accounts, p_asset from line l),
    slot as (
      select p.part, u.slot, g.amount, u.before
        from (select distinct account >> 8 part from spread_staged) p
        left join lateral (select s.totals from spread_share s
                            where s.book = (p.part >> 40)::int and s.asset = p_asset and s.part = p.part order by s.no desc limit 1) w on true
       cross join lateral unnest(coalesce(w.totals, array_fill(null::bigint, array[256]))) with ordinality u(before, slot)
        left join spread_staged g on g.account = (p.part << 8) + u.slot - 1),
    written as (
      insert into spread_share (part, no, book, business_date, asset, amounts, totals)
        select r.part, l.no, l.book, p_date, p_asset, r.amounts, r.totals
          from (select part, array_agg(amount order by slot) amounts,
                       array_agg(case when amount is null then before else coalesce(before, 0) + amount end order by slot) totals
                  from slot group by part) r
          join line l on l.book = (r.part >> 40)::int
      returning spread_share.book, spread_share.part, spread_share.amounts)
    select l.book, l.key, l.no, l.amount,
           (select ledger_spread_reference(string_agg(ledger_share_digest(w.part, w.amounts), '' order by w.part)) from written w where w.book = l.book)
      from line l order by l.book;
end $$;

-- All accounts of a kind and asset with what is owed on each by what is dated up to p_date, a book at a time: the running balance less what carries
-- a later date, and the part in the pool.
create function ledger_owed_dated(p_book int, p_kind smallint, p_asset smallint, p_date date)
returns table (account bigint, owner uuid, owed bigint) language sql stable as $$
  with mine as (select a.id, a.owner, a.credits_posted - a.debits_posted owed from account a where a.book = p_book and a.kind = p_kind and a.asset = p_asset),
  later as (
    select s.account, ledger_total(s.amount) amount
      from transfer t, lateral (values (t.debit, -t.amount), (t.credit, t.amount)) s(account, amount)
     where t.book = p_book and t.asset = p_asset and t.business_date > p_date and t.op in (0, 2)
       and t.no >= (select min(first_no) from book_day y where y.book = p_book and y.business_date > p_date)
     group by s.account),
  folded as (select f.account, ledger_total(f.amount) amount from spread_fold f where f.book = p_book and f.business_date <= p_date group by f.account),
  given as (
    select (p.part << 8) + u.slot - 1 account, u.total
      from (select distinct id >> 8 part from mine) p,
           lateral (select s.totals from spread_share s where s.book = p_book and s.asset = p_asset and s.part = p.part and s.business_date <= p_date
                     order by s.no desc limit 1) n,
           lateral unnest(n.totals) with ordinality u(total, slot)
     where u.total is not null)
  select m.id, m.owner, m.owed - coalesce(l.amount, 0) - coalesce(f.amount, 0) + coalesce(g.total, 0)
    from mine m left join later l on l.account = m.id left join folded f on f.account = m.id left join given g on g.account = m.id
$$;

comment on table spread       is 'distributed by book: history, append only';
comment on table spread_share is 'distributed by book: history, append only';
comment on table spread_fold  is 'distributed by book: history, append only';
grant select, insert on spread, spread_share, spread_fold to tapwealth_program;

-- The pool of each fund that is on the shelf already.
insert into account (book, id, owner, kind, asset, side)
  select b.book, (b.book::bigint << 48) | (f.asset * 1000::bigint + 607), '00000000-0000-0000-0000-000000000000', 607, f.asset, 0
    from book b, (select distinct asset from fund) f
  on conflict do nothing;

-- Income that was spread: what of it the ledger does not know. A holder's row of income follows from the shares; `fund_income` shows all income
-- as before, whether it was posted for each holder or spread.
alter table fund_income rename to fund_income_posted;

create table fund_income_spread (
  book           int       not null,
  fund           text      not null,
  income_date    date      not null,
  no             bigint    not null,                       -- of the spread, in the fund's asset
  asset          smallint  not null,
  business_date  date      not null,
  holders        int       not null,
  amount         bigint    not null,                       -- by the registrar, in all
  computed       bigint    not null,                       -- by us, in all
  primary key (book, fund, income_date, no)
);

-- Holders whose income we compute otherwise than the registrar.
create table fund_income_differing (
  book          int     not null,
  fund_account  uuid    not null,
  fund          text    not null,
  income_date   date    not null,
  computed      bigint  not null,
  primary key (book, fund_account, fund, income_date)
);

create view fund_income as
  select book, fund_account, fund, income_date, amount, computed, business_date from fund_income_posted
  union all
  select i.book, a.owner, i.fund, i.income_date, s.amounts[(a.id & 255) + 1], coalesce(d.computed, s.amounts[(a.id & 255) + 1]), i.business_date
    from fund_income_spread i
    join account a on a.book = i.book and a.kind = 601 and a.asset = i.asset
    join spread_share s on s.book = i.book and s.asset = i.asset and s.part = a.id >> 8 and s.no = i.no
    left join fund_income_differing d on d.book = i.book and d.fund_account = a.owner and d.fund = i.fund and d.income_date = i.income_date
   where s.amounts[(a.id & 255) + 1] is not null;

comment on table fund_income_spread    is 'distributed by book: history, append only';
comment on table fund_income_differing is 'distributed by book: history, append only';
grant select, insert on fund_income_spread, fund_income_differing to tapwealth_program;
grant select on fund_income to tapwealth_program;
