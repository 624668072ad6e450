"""Everything the ledger on PostgreSQL can be asked: balances now, at an instant, on a date; history, trial balances, holds, heads.

Two anchors keep the cost of a question about the past independent of how long ago the past began. Closed dates have their balances
(`balance_day`). For an instant, one counts back along the account's own linked list, from the first close after the instant that wrote a
row for the account, or from the account as it stands.

What lies in the pool of a spread is shown with the accounts it is owed to, as credited to them by the spread itself; the pool is shown
empty, and the entries that fold a share into its account are no part of any account's history.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tapwealth.kernel.refusal import BadInput
from tapwealth.ledger.archives import WITHIN, Archives, Year
from tapwealth.ledger.chart import HOUSE_SERIALS_PER_ASSET, POOL, POOLED, Kind
from tapwealth.ledger.port import (
    FOLD_KIND,
    Answer,
    Balance,
    Head,
    HistoryLine,
    HistoryPage,
    Hold,
    JournalEntry,
    LedgerRefusal,
    Limit,
    Line,
    Op,
    Recorded,
    Totals,
    TrialBalances,
    TrialLine,
    book_of_account,
)
from tapwealth.ledger.rules import BATCH_BITS, FIRST_SERIAL, LINE_MASK, MICROSECOND, SERIAL_MASK, first_line_at, history_cursor
from tapwealth.ledger.spreading import EDGES, UNFOLDED, UNFOLDED_DATED
from tapwealth.storage.columns import columns


async def find_accounts(
    tx: Any, books: Sequence[int], kinds: Sequence[int], owners: Sequence[UUID], assets: Sequence[int]
) -> list[int | None]:
    """Ids by name, None where there is no such account."""
    rows = await tx.fetch(
        """select a.id from unnest($1::int[], $2::smallint[], $3::uuid[], $4::smallint[]) with ordinality x(book, kind, owner, asset, ord)
             left join account a on a.book = x.book and a.kind = x.kind and a.owner = x.owner and a.asset = x.asset order by x.ord""",
        books,
        kinds,
        owners,
        assets,
    )
    return [row[0] for row in rows]


async def accounts_of_kind(tx: Any, kind: int) -> dict[int, dict[UUID, int]]:
    """Ids by asset and owner."""
    found: dict[int, dict[UUID, int]] = {}
    for asset, owner, number in await tx.fetch("select asset, owner, id from account where kind = $1", kind):
        found.setdefault(asset, {})[owner] = number
    return found


_SHOWN = f"case when a.kind = {int(POOL)} then 0 else {{}} end"
"""A total of account `a` as it is shown."""


_BALANCE = f"""a.id, a.asset, a.side, {_SHOWN.format("a.debits_posted")}, {_SHOWN.format(f"a.credits_posted + {UNFOLDED}")},
  a.debits_pending, a.credits_pending"""
_BY_ID = "unnest($1::bigint[]) x(id) join account a on a.id = x.id and a.book = (x.id >> 48)::int"
_BY_NAME = """unnest($1::int[], $2::smallint[], $3::uuid[], $4::smallint[]) with ordinality x(book, kind, owner, asset, ord)
  left join account a on a.book = x.book and a.kind = x.kind and a.owner = x.owner and a.asset = x.asset order by x.ord"""


async def balances(tx: Any, accounts: Sequence[int]) -> dict[int, Balance]:
    """Accounts as they stand."""
    rows = await tx.fetch(f"select {_BALANCE} from {_BY_ID}", accounts)  # noqa: S608 - expressions, above
    return {row[0]: _balance(row) for row in rows}


async def find_balances(
    tx: Any, books: Sequence[int], kinds: Sequence[int], owners: Sequence[UUID], assets: Sequence[int]
) -> list[Balance | None]:
    """The same by name, None where there is no such account."""
    rows = await tx.fetch(f"select {_BALANCE} from {_BY_NAME}", books, kinds, owners, assets)  # noqa: S608 - expressions, above
    return [None if row[0] is None else _balance(row) for row in rows]


def _balance(row: Any) -> Balance:
    return Balance(row[0], row[1], Limit(row[2]), *row[3:])


_FREE = f"""case when a.kind = {int(POOL)} then 0 else case a.side
  when 2 then a.debits_posted - a.credits_posted - a.credits_pending + case when a.credits_pending > 0 then coalesce((
    select ledger_total(h.amount) from hold h
     where h.book = a.book and h.credit = a.id and h.state = 1 and h.expires_at <= $1), 0) else 0 end
  else a.credits_posted + {UNFOLDED} - a.debits_posted - a.debits_pending + case when a.debits_pending > 0 then coalesce((
    select ledger_total(h.amount) from hold h
     where h.book = a.book and h.debit = a.id and h.state = 1 and h.expires_at <= $1), 0) else 0 end
  end end"""  # noqa: S608 - an expression of spreading
"""What is available on account `a`, and what holds that are due at $1 still keep."""
_FREE_BY_ID = f"select a.id, {_FREE} from unnest($2::bigint[]) x(id) join account a on a.id = x.id and a.book = (x.id >> 48)::int"  # noqa: S608
_FREE_BY_NAME = (
    f"select a.id, {_FREE} from unnest($2::int[], $3::smallint[], $4::uuid[], $5::smallint[])"  # noqa: S608 - an expression, above
    " with ordinality x(book, kind, owner, asset, ord)"
    " left join account a on a.book = x.book and a.kind = x.kind and a.owner = x.owner and a.asset = x.asset order by x.ord"
)


async def free(tx: Any, now: datetime, accounts: Sequence[int]) -> dict[int, int]:
    """By id; those that exist."""
    return {row[0]: row[1] for row in await tx.fetch(_FREE_BY_ID, now, accounts)}


async def find_free(
    tx: Any, now: datetime, books: Sequence[int], kinds: Sequence[int], owners: Sequence[UUID], assets: Sequence[int]
) -> list[tuple[int, int] | None]:
    """(id, free) by name, None where there is no such account."""
    return [None if row[0] is None else (row[0], row[1]) for row in await tx.fetch(_FREE_BY_NAME, now, books, kinds, owners, assets)]


_LATER = """later as materialized (
               select s.account, ledger_total(s.debits) debits, ledger_total(s.credits) credits
                 from {} k join book b on b.book = k.book and ($2 <= b.closed_through) is not true
                 join transfer t on t.book = k.book and t.business_date > $2 and t.op in (0, 2)
                  and t.no >= (select min(first_no) from book_day y where y.book = k.book and y.business_date > $2),
                      lateral (values (t.debit, t.amount, 0), (t.credit, 0, t.amount)) s(account, debits, credits) {}
                group by s.account)"""
"""What carries a later date than $2, by account of books `k` of which $2 is not closed."""
_DATED = "case when $2 <= b.closed_through then coalesce(d.{0}, 0) else a.{0} - coalesce(l.{1}, 0) end"

TOTALS_DATED = f"""with wanted as (select distinct id, (id >> 48)::int book from unnest($1::bigint[]) x(id)),
             edge as materialized ({EDGES} and y.book in (select book from wanted) group by 1),
             {_LATER.format("(select distinct book from wanted)", "join wanted w on w.id = s.account")}
           select a.id,
                  {_SHOWN.format(_DATED.format("debits_posted", "debits"))},
                  {_SHOWN.format(_DATED.format("credits_posted", "credits"))}
                  + {UNFOLDED_DATED}, a.book, a.asset, y.year
             from wanted x join account a on a.id = x.id and a.book = x.book
             join book b on b.book = a.book cross join lateral (select $2 <= b.closed_through is true closed) c
             left join lateral (select * from balance_day d where closed and d.book = a.book and d.account = a.id and d.business_date <= $2
                                 order by d.business_date desc limit 1) d on true
             left join later l on l.account = a.id left join edge e on e.book = a.book
             left join lateral ({WITHIN.format("date", "$2")}) y on true"""  # noqa: S608
"""The lines of a later date are read once, however many accounts are asked for."""


async def totals_dated(tx: Any, archives: Archives, accounts: Sequence[int], business_date: date) -> dict[int, Totals]:
    """As of a business date: the closed balance; of a date that is open, the running balance less what carries a later date."""
    rows = await tx.fetch(TOTALS_DATED, accounts, business_date)
    archived = [(row[0], Year(*row[3:])) for row in rows if row["year"] is not None]
    given = await archives.given_by(archived, lambda spread: spread.business_date <= business_date) if archived else {}
    return {row[0]: Totals(row[1], row[2] + given.get(row[0], 0)) for row in rows}


async def totals_at(tx: Any, archives: Archives, accounts: Sequence[int], instant: datetime) -> dict[int, Totals]:
    """As of an instant: what was recorded at or before it."""
    last = {book: await _last_line_at(tx, book, instant) for book in {book_of_account(account) for account in accounts}}
    known = await balances(tx, accounts)
    return {account: await _totals_up_to(tx, archives, account, last[book_of_account(account)]) for account in accounts if account in known}


async def _last_line_at(tx: Any, book: int, instant: datetime) -> int:
    """The book's last line of an entry recorded at or before the instant (0: none). Each line of a batch takes a microsecond."""
    batch = await tx.fetchrow(
        "select batch, recorded_at from batch where book = $1 and recorded_at <= $2 order by recorded_at desc limit 1", book, instant
    )
    if batch is None:
        return 0
    place = min((instant - batch["recorded_at"]) // MICROSECOND + 1, LINE_MASK)
    until = (batch["batch"] << BATCH_BITS) + place
    rest = await tx.fetchval(  # the entry that is open at that place is recorded as a whole
        """select min(no) from (select min(no) no from transfer where book = $1 and no > $2 and seq = 0 and no < $3
                      union all select min(no)    from refusal  where book = $1 and no > $2 and seq = 0 and no < $3) x""",
        book,
        until,
        (batch["batch"] + 1) << BATCH_BITS,
    )
    end: int = batch["batch"] << BATCH_BITS | LINE_MASK
    return end if rest is None else int(rest) - 1


_ANCHOR = """
select d.debits_so_far, d.credits_so_far, d.last_no
  from balance_day d where d.book = $1 and d.account = $2 and d.business_date >= (
    select y.business_date from book_day y where y.book = $1 and y.close_no >= $3 order by y.close_no limit 1)
 order by d.business_date limit 1
"""
"""Dates are closed in their order: none that was closed before that one wrote anything later."""

_NEWEST = "select debits_posted, credits_posted, last_no from account where book = $1 and id = $2"

_IN_POOL_AT = f"""
select case when y.year is null then coalesce((
         select s.totals[(a.id & 255) + 1] from spread_share s
          where s.book = a.book and s.asset = a.asset and s.part = a.id >> 8 and s.no <= $3 order by s.no desc limit 1), 0) else 0 end
       - coalesce((select f.so_far from spread_fold f
                    where f.book = a.book and f.account = a.id and f.no <= $3 order by f.no desc limit 1), 0), a.book, a.asset, y.year
  from account a left join lateral ({WITHIN.format("no", "$3")}) y on true where a.book = $1 and a.id = $2
"""  # noqa: S608 - an expression of archives

_HEAD = f"""
select a.debits_posted, a.credits_posted + {UNFOLDED}, a.last_no,
       coalesce((select max(last_no) from spread_archive y where y.book = a.book and y.asset = a.asset), 0)
  from account a where a.book = $1 and a.id = $2
"""  # noqa: S608

_BACK = """
with recursive back as (
  select $2::bigint no, 0::bigint debits, 0::bigint credits
  union all
  select case when t.debit = $3 then t.debit_before else t.credit_before end,
         case when t.debit = $3  and t.op in (0, 2) then t.amount else 0 end,
         case when t.credit = $3 and t.op in (0, 2) then t.amount else 0 end
    from back cross join lateral (select * from transfer t where t.book = $1 and t.no = back.no limit 1) t where back.no > $4)
select ledger_total(debits), ledger_total(credits) from back
"""

_SCAN = """
select coalesce(ledger_total(amount) filter (where debit = $3), 0), coalesce(ledger_total(amount) filter (where credit = $3), 0)
  from transfer where book = $1 and no > $4 and no <= $2 and op in (0, 2) and $3 in (debit, credit)
"""


async def _totals_up_to(tx: Any, archives: Archives, account: int, until: int) -> Totals:
    """Of the lines numbered up to `until`, and of spreads."""
    return Totals(0, 0) if _is_pool(account) else (await _reached(tx, archives, account, until))[0]


async def _reached(tx: Any, archives: Archives, account: int, until: int) -> tuple[Totals, int]:
    """The same, and a line from which the account's list comes to `until`: not below it by more than a day, or by all that came since the
    last close."""
    (debits, credits), last = await _posted_up_to(tx, account, until)
    pooled, *year = await tx.fetchrow(_IN_POOL_AT, book_of_account(account), account, until)
    if year[-1] is not None:
        pooled += (await archives.given_by([(account, Year(*year))], lambda spread: spread.no <= until)).get(account, 0)
    return Totals(debits, credits + pooled), last


def _is_pool(account: int) -> bool:
    serial = account & SERIAL_MASK
    return serial < FIRST_SERIAL and serial % HOUSE_SERIALS_PER_ASSET == POOL


async def _posted_up_to(tx: Any, account: int, until: int) -> tuple[Totals, int]:
    """And the line from which it was counted back. A house account meets many of its book's lines: for it, reading the range beats the
    list."""
    book = book_of_account(account)
    debits, credits, last = await tx.fetchrow(_ANCHOR, book, account, until) or await tx.fetchrow(_NEWEST, book, account)
    if last <= until:
        return Totals(debits, credits), last
    since = _SCAN if account & SERIAL_MASK < FIRST_SERIAL else _BACK
    less_debits, less_credits = await tx.fetchrow(since, book, last, account, until)
    return Totals(debits - less_debits, credits - less_credits), last


_HISTORY = """
with recursive back as (
  select t.*, case when t.debit = $2 then t.debit_before else t.credit_before end before, (t.no <= $5 and t.kind <> $6)::int n
    from transfer t where t.book = $1 and t.no = $3
  union all
  select t.*, case when t.debit = $2 then t.debit_before else t.credit_before end, back.n + (t.no <= $5 and t.kind <> $6)::int
    from back cross join lateral (select * from transfer t where t.book = $1 and t.no = back.before limit 1) t where back.n < $4),
own as (
  select b.no, b.business_date, b.key, b.seq, b.op, b.kind, b.actor, b.reference, b.debit, b.credit, b.amount, b.hold
    from back b where b.no <= $5 and b.kind <> $6),
given as (
  select s.no, t.business_date, t.key, t.seq, t.op, t.kind, t.actor, t.key reference, t.debit, $2::bigint credit,
         s.amount, null::uuid hold
    from (select no, max(amount) amount
            from (select s.* from account a cross join lateral (
                    select s.no, s.amounts[(a.id & 255) + 1] amount from spread_share s
                     where s.book = a.book and s.asset = a.asset and s.part = a.id >> 8 and s.no <= $5 and s.amounts[(a.id & 255) + 1] > 0
                     order by s.no desc limit $4) s
                   where a.book = $1 and a.id = $2 and a.asset <> 1
                  union all select * from unnest($7::bigint[], $8::bigint[])) x(no, amount) group by no order by no desc limit $4) s
   cross join lateral (select * from transfer t where t.book = $1 and t.no = s.no limit 1) t)
select l.*, (select k.recorded_at from batch k where k.book = $1 and k.batch = l.no >> 20) recorded_at
  from (select * from own union all select * from given order by no desc limit $4) l order by l.no desc
"""
"""As many rows of each table are read as the page has lines, however many lie behind it: limits within say so to the planner."""


async def account_history(tx: Any, archives: Archives, account: int, cursor: str | None, limit: int) -> HistoryPage:
    """A page along the account's linked list, with its shares of spreads in their places; the running totals follow by subtraction from
    those at the page's head. A cursor is the number of the page's first line, which may be a spread's: the list is then followed from where
    those totals were counted back from. A page that reaches into archived years is read again with what their files say of the account."""
    book = book_of_account(account)
    head = await tx.fetchrow(_HEAD, book, account)
    if head is None or _is_pool(account):
        return HistoryPage((), None)
    totals, start, own = Totals(head[0], head[1]), _NEWEST_NO, head[2]
    if cursor is not None:
        start = history_cursor(cursor)
        totals, near = await _reached(tx, archives, account, start)
        own = start if await _is_line(tx, archives, account, start, cursor) else near
    lines = []
    where = (book, account, own, limit + 1, start, FOLD_KIND)
    found = await tx.fetch(_HISTORY, *where, [], [])
    if head[3] and (len(found) <= limit or found[-1]["no"] <= head[3]):
        archived = [(one.no, amount) for one, amount in await archives.shares(tx, account, start, limit + 1) if amount > 0]
        found = await tx.fetch(_HISTORY, *where, *columns(archived, 2))
    for row in found[:limit]:
        seen = _seen(account, row, totals)
        lines.append(seen)
        moved = seen.amount if seen.moved else 0
        totals = Totals(totals.debits - moved * seen.debited, totals.credits - moved * (not seen.debited))
    return HistoryPage(tuple(lines), str(found[limit]["no"]) if len(found) > limit else None)


_NEWEST_NO = (1 << 63) - 1


async def _is_line(tx: Any, archives: Archives, account: int, no: int, cursor: str) -> bool:
    """Whether a cursor names a line of the account's own, or else a spread that gave it something. Raises BadInput for anything else."""
    book = book_of_account(account)
    if await tx.fetchval(
        "select true from transfer where book = $1 and no = $2 and $3 in (debit, credit) and kind <> $4", book, no, account, FOLD_KIND
    ):
        return True
    if not await tx.fetchval(_IS_SHARE, book, account, no) and not any(
        one.no == no and amount > 0 for one, amount in await archives.shares(tx, account, no, 1)
    ):
        raise BadInput(f"{cursor[:40]!r} is no cursor of this account", where="cursor", hint="take it from the page before")
    return False


_IS_SHARE = """
select true from account a join spread_share s on s.book = a.book and s.asset = a.asset and s.part = a.id >> 8
 where a.book = $1 and a.id = $2 and a.asset <> 1 and s.no = $3 and s.amounts[(a.id & 255) + 1] > 0
"""


def _seen(account: int, row: Any, totals: Totals) -> HistoryLine:
    debited = row["debit"] == account
    return HistoryLine(
        no=row["no"],
        recorded_at=first_line_at(row["recorded_at"], row["no"] - row["seq"]),
        business_date=row["business_date"],
        key=row["key"],
        seq=row["seq"],
        op=Op(row["op"]),
        kind=row["kind"],
        actor=row["actor"],
        reference=row["reference"],
        debited=debited,
        other=row["credit"] if debited else row["debit"],
        amount=row["amount"],
        hold=row["hold"],
        totals=totals,
    )


_TRIAL = """select book, asset, kind, count(*), ledger_total(debits_posted), ledger_total(credits_posted)
              from account where book = any($1) group by 1, 2, 3 order by 1, 2, 3"""
_TRIAL_DATED = f"""with {_LATER.format("(select unnest($1::int[]) book)", "")}
  select a.book, a.asset, a.kind, count(*), ledger_total({_DATED.format("debits_posted", "debits")}),
         ledger_total({_DATED.format("credits_posted", "credits")})
    from account a join book b on b.book = a.book
    left join lateral (select * from balance_day d where $2 <= b.closed_through and d.book = a.book and d.account = a.id
                        and d.business_date <= $2 order by d.business_date desc limit 1) d on true
    left join later l on l.account = a.id
   where a.book = any($1) group by 1, 2, 3 order by 1, 2, 3"""  # noqa: S608 - a constant, above


async def trial_balances(tx: Any, books: Sequence[int], business_date: date | None) -> TrialBalances:
    """Summed by kind by the server, however many accounts a book has; what lies in the pool stands with the accounts it belongs to."""
    asked = (_TRIAL, list(books)) if business_date is None else (_TRIAL_DATED, list(books), business_date)
    found: dict[tuple[int, int], list[TrialLine]] = {}
    for book, asset, kind, accounts, debits, credits in await tx.fetch(*asked):
        found.setdefault((book, asset), []).append(TrialLine(kind, accounts, Totals(debits, credits)))
    return {where: _with_the_pool(lines) for where, lines in found.items()}


def _with_the_pool(lines: list[TrialLine]) -> list[TrialLine]:
    """Its debits are what was folded, which has been credited to the accounts; its credits are all that spreads gave."""
    pool = next((line.totals for line in lines if line.kind == POOL), Totals(0, 0))
    shown = []
    for line in lines:
        debits, credits = line.totals
        totals = {POOL: Totals(0, 0), POOLED: Totals(debits, credits + pool.owed)}
        shown.append(line._replace(totals=totals.get(Kind(line.kind), line.totals)))
    return shown


_HOLD = "select id, book, link, debit, credit, asset, amount, captured, expires_at, state from hold "


async def holds(tx: Any, account: int) -> list[Hold]:
    """Open ones that debit the account."""
    where = "where book = $1 and debit = $2 and state = 1 order by expires_at, id"
    return [_hold(row) for row in await tx.fetch(_HOLD + where, book_of_account(account), account)]


async def holds_by_id(tx: Any, holds: Sequence[tuple[int, UUID]]) -> dict[tuple[int, UUID], Hold]:
    """In whatever state."""
    rows = await tx.fetch(
        _HOLD + "join unnest($1::int[], $2::uuid[]) x(book, id) using (book, id)", [book for book, _ in holds], [one for _, one in holds]
    )
    return {(row["book"], row["id"]): _hold(row) for row in rows}


def _hold(row: Any) -> Hold:
    return Hold(**{**row, "state": Op(row["state"])})


_RECORDED = """
select x.*, b.recorded_at from (
  select no, seq, kind, business_date, actor, reference, op, debit, credit, asset, amount, hold, expires_at, 0::smallint code
    from transfer where book = $1 and key = $2
  union all
  select no, seq, kind, business_date, actor, reference, op, debit, credit, asset, amount, hold, expires_at, code
    from refusal where book = $1 and key = $2) x
  join batch b on b.book = $1 and b.batch = x.no >> 20 order by seq
"""


async def recorded(tx: Any, book: int, key: UUID) -> Recorded | None:
    """What was decided under a key."""
    rows = await tx.fetch(_RECORDED, book, key)
    if not rows:
        return None
    first = rows[0]
    lines = tuple(Line(Op(row["op"]), *row[7:13]) for row in rows)
    entry = JournalEntry(book, key, first["kind"], first["business_date"], first["actor"], first["reference"], lines)
    refusal = LedgerRefusal(first["code"]) if first["code"] else None
    return Recorded(entry, Answer(refusal, first_line_at(first["recorded_at"], first["no"]), first["no"]))


async def heads(tx: Any) -> list[Head]:
    """The end of every book's chain."""
    return [Head(row[0], row[1], row[2].hex()) for row in await tx.fetch("select book, batch, digest from book order by book")]
