"""The registrar's word on a day's income (06) and our register of the fund, side by side where both lie: in the database, set by set.

What the file says is copied into a temporary table as it is read, our register of the date with each holder's computed share into
another, and a third has both. So a day of a million holders costs a few passes over a million rows, and this process never holds them. The
tables end with the transaction.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.flows.frame import House
from tapwealth.flows.funds.exchange_out import ADVANCER
from tapwealth.funds.exchange_in import Incoming
from tapwealth.funds.exchange_values import SUCCESS, DividendRecord
from tapwealth.funds.income import INCOME_SCALE, day_income
from tapwealth.funds.store import Fund
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.storage.database import Tx
from tapwealth.wire.ofd import write_date

_COLUMN = {
    "FundCode": "fund",
    "TransactionAccountID": "trading_account",
    "ReturnCode": "return_code",
    "TAAccountID": "ta_account",
    "VolOfDividendforReinvestment": "volume",
}
_DATES = ("DividentDate", "RegistrationDate")
_BIGGEST = (1 << 63) - 1


class Row(NamedTuple):
    """What the file says of a holder, beside what we compute. Where it says something of nobody we know, `holder`, `book` and `account` are
    None; where of one who has never held a unit, `account`."""

    ta_account: str
    trading_account: str
    volume: int
    return_code: str
    book: Any
    holder: Any
    account: Any
    computed: int

    @property
    def accepted(self) -> bool:
        return self.return_code == SUCCESS


async def stage_said(tx: Tx, incoming: Incoming[DividendRecord], paid_on: date, record_date: date) -> bool:
    """Copy what the file says into `income_said`: whether each record for certain carries these dates, lacks nothing and stands there once.
    Raises BadInput for what cannot be read."""
    await tx.execute(
        "create temporary table income_said (fund text not null, trading_account text not null, return_code text not null,"
        " ta_account text not null, volume text not null) on commit drop"
    )
    place = incoming.header.layout.place
    wanted = sorted(_COLUMN, key=lambda name: place(name)[1])
    dates = sorted(_DATES, key=lambda name: place(name)[1])
    due = tuple(write_date({"DividentDate": paid_on, "RegistrationDate": record_date}[name]).encode() for name in dates)
    seen = _Seen()
    source = _lines(incoming, wanted, dates, due, seen)
    await tx.copy_to_table("income_said", source=source, columns=[_COLUMN[name] for name in wanted])
    wrong: bool = await tx.fetchval(
        "select exists (select from income_said where '' in (rtrim(fund), rtrim(trading_account), rtrim(return_code), rtrim(ta_account)))"
        " or exists (select from income_said group by fund, ta_account, trading_account having count(*) > 1)"
    )
    return seen.dated and not wrong


class _Seen:
    """What went by while a file was copied."""

    def __init__(self) -> None:
        self.dated = True


async def _lines(
    incoming: Incoming[DividendRecord], wanted: Sequence[str], dates: Sequence[str], due: tuple[bytes, ...], seen: _Seen
) -> AsyncIterator[bytes]:
    """The records as text that COPY takes; the fields still padded."""
    for block in incoming.blocks():
        seen.dated = seen.dated and set(block.parts(dates)) == {due}
        text = b"\n".join(map(b"\t".join, block.parts(wanted))).replace(b"\\", b"\\\\")
        yield (text if text.isascii() else text.decode("gb18030").encode()) + b"\n"


async def funds_said(tx: Tx) -> dict[str, int]:
    """How many records there are of each fund."""
    rows = await tx.fetch("select rtrim(fund) fund, count(*)::int records from income_said group by 1")
    return {row["fund"]: row["records"] for row in rows}


async def earning(house: House, tx: Tx, fund: Fund, day: date) -> dict[int, int]:
    """By book, the units of a fund that earn for the advancer on a date: its own, and those on their way to it."""
    accounts = {house_account(book, kind, fund.asset): book for book in house.all_books for kind in (Kind.ADVANCER, Kind.TRANSIT_098)}
    found = dict.fromkeys(house.all_books, 0)
    for account, totals in (await house.ledger.totals_dated(tx, list(accounts), day)).items():
        found[accounts[account]] += totals.owed
    return found


async def units_earning(house: House, tx: Tx, fund: Fund, day: date) -> int:
    """All units of a fund that earn on a date: what the registrar has for us."""
    mirrors = [house_account(book, Kind.REGISTRAR_MIRROR, fund.asset) for book in house.all_books]
    return sum(totals.held for totals in (await house.ledger.totals_dated(tx, mirrors, day)).values())


_REGISTER = """
create temporary table income_register (book int, holder uuid, channel text, ta_account text, trading_account text, account bigint,
  units bigint, computed bigint, rest bigint) on commit drop
"""
_COMPUTED = """
with x as (
  select f.book, f.id holder, f.channel, f.ta_account, f.trading_account, o.account,
         case when f.id = $3 then $4 else coalesce(o.owed, 0) end units
    from fund_account f
    left join (select b.book, o.account, o.owner, o.owed
                 from generate_series(1, $5::int) b(book), lateral ledger_owed_dated(b.book, $6::smallint, $7::smallint, $8) o) o
      on o.book = f.book and o.owner = f.id
   where f.state = 'open')
insert into income_register
  select book, holder, channel, ta_account, trading_account, account, units, (units::{exact} * $1 - units::{exact} * $1 % $2) / $2,
         units::{exact} * $1 % $2
    from x
"""


class Lucky(NamedTuple):
    """Who gets a fen of what the shares leave of the day's sum: all with more than `above` left over, and these of those with just that."""

    above: int
    level: list[UUID]


async def stage_register(house: House, tx: Tx, fund: Fund, day: date, rate: int) -> Lucky:
    """Our register of a fund on a date into `income_register`, with each holder's share of its income (`funds.income.distribute`) cut to
    the fen, of either sign, and what was cut off."""
    exact = "bigint" if abs(rate) * await units_earning(house, tx, fund, day) <= _BIGGEST else "numeric"
    advance = sum((await earning(house, tx, fund, day)).values())
    await tx.execute(_REGISTER)
    await tx.execute(_COMPUTED.format(exact=exact), abs(rate), INCOME_SCALE, ADVANCER, advance, house.books, Kind.HOLDING, fund.asset, day)
    units, shares = await tx.fetchrow("select coalesce(sum(units), 0), coalesce(sum(computed), 0) from income_register")
    left_over = day_income(abs(rate), int(units)) - int(shares)
    if not left_over:
        return Lucky(_BIGGEST, [])
    above = await tx.fetchval("select rest from income_register order by rest desc offset $1 limit 1", left_over - 1)
    more = await tx.fetchval("select count(*) from income_register where rest > $1", above)
    level = await tx.fetch(
        'select holder from income_register where rest = $1 order by ta_account collate "C", trading_account collate "C" limit $2',
        above,
        left_over - more,
    )
    return Lucky(above, [row["holder"] for row in level])


_SIDE = """
create temporary table income_side (place bigint, ta_account text, trading_account text, volume bigint, return_code text, book int,
  holder uuid, account bigint, computed bigint, payable bool) on commit drop
"""
_OURS = "$1 * (r.computed + (r.rest > $2 or r.holder = any($3::uuid[]))::int)"
_MATCH = f"""
insert into income_side
  select s.place, s.ta_account, s.trading_account, s.volume, s.return_code, r.book, r.holder, r.account, coalesce({_OURS}, 0),
         s.return_code = $5 and r.holder is not null and (r.account is not null or r.holder = $6)
           and not ($7 and exists (select from fund_income i where i.book = r.book and i.fund_account = r.holder and i.fund = $4
                                      and i.income_date = $8))
    from (select row_number() over () place, rtrim(ta_account) ta_account, rtrim(trading_account) trading_account,
                 coalesce(nullif(rtrim(volume), ''), '0')::bigint volume, rtrim(return_code) return_code
            from income_said where rtrim(fund) = $4) s
    left join income_register r on r.channel = $9 and r.ta_account = s.ta_account and r.trading_account = s.trading_account
"""  # noqa: S608 - an expression, above
_MISSING = f"""
select r.ta_account, r.trading_account, {_OURS} computed from income_register r
 where r.channel = $4 and {_OURS} <> 0
   and not exists (select from income_side s where s.ta_account = r.ta_account and s.trading_account = r.trading_account)
 order by r.ta_account collate "C", r.trading_account collate "C"
"""  # noqa: S608 - an expression, above
_ROW = "ta_account, trading_account, volume, return_code, book, holder, account, computed"


async def match(tx: Tx, channel: str, fund: Fund, income_date: date, sign: int, lucky: Lucky) -> None:
    """What is said of a fund into `income_side`, each record beside the channel's holder that it names, and whether it is to be paid: to a
    holder of ours that can have earned something, and has not been given the day's income before."""
    await tx.execute(_SIDE)
    before = await tx.fetchval(
        "select exists (select from fund_income_posted where fund = $1 and income_date = $2)"
        " or exists (select from fund_income_spread where fund = $1 and income_date = $2)",
        fund.code,
        income_date,
    )
    await tx.execute(_MATCH, sign, *lucky, fund.code, SUCCESS, ADVANCER, before, income_date, channel)


async def differing(tx: Tx) -> list[Row]:
    """Records that are not what we compute of a holder of ours, in the order of the file."""
    rows = await tx.fetch(
        f"select {_ROW} from income_side where holder is null or return_code <> $1 or volume <> computed order by place",  # noqa: S608
        SUCCESS,
    )
    return [Row(*row) for row in rows]


async def missing(tx: Tx, channel: str, sign: int, lucky: Lucky) -> list[tuple[str, str, int]]:
    """Holders of a channel (TA account, trading account) of whom nothing is said, with what we compute, where that is anything."""
    return [tuple(row) for row in await tx.fetch(_MISSING, sign, *lucky, channel)]


async def pays_somebody(tx: Tx) -> bool:
    """Whether a record gives anybody anything."""
    found: bool = await tx.fetchval("select exists (select from income_side where volume > 0)")
    return found


async def payable(tx: Tx, *, to_the_advancer: bool) -> list[Row]:
    """Records that are to be paid."""
    rows = await tx.fetch(
        f"select {_ROW} from income_side where payable and (holder = $1) = $2 order by place",  # noqa: S608
        ADVANCER,
        to_the_advancer,
    )
    return [Row(*row) for row in rows]


async def books_paid(tx: Tx) -> dict[int, tuple[int, int, int]]:
    """By book: the holders that are to be paid, and the sums by the registrar and by us."""
    rows = await tx.fetch(
        "select book, count(*)::int, sum(volume)::bigint, sum(computed)::bigint from income_side"
        " where payable and holder <> $1 group by book",
        ADVANCER,
    )
    return {row[0]: tuple(row[1:]) for row in rows}


async def stage_shares(tx: Tx) -> None:
    """What is to be spread, into the ledger's table."""
    await tx.execute("insert into spread_staged select account, volume from income_side where payable and holder <> $1", ADVANCER)


async def note_holders(tx: Tx, fund: Fund, income_date: date, business_date: date, spread: Sequence[int]) -> None:
    """Of the books that were `spread`, the holders whose income we compute otherwise; of the others, whose shares come to nothing, all."""
    await tx.execute(
        "insert into fund_income_differing (book, fund_account, fund, income_date, computed)"
        " select book, holder, $2, $3, computed from income_side where payable and holder <> $1 and computed <> volume and book = any($4)",
        *(ADVANCER, fund.code, income_date, list(spread)),
    )
    await tx.execute(
        "insert into fund_income_posted (book, fund_account, fund, income_date, amount, computed, business_date)"
        " select book, holder, $2, $3, volume, computed, $5 from income_side where payable and holder <> $1 and not book = any($4)",
        *(ADVANCER, fund.code, income_date, list(spread), business_date),
    )


async def forget(tx: Tx) -> None:
    """The tables of one fund make room for those of the next."""
    await tx.execute("drop table income_side, income_register")


async def forget_said(tx: Tx) -> None:
    """What the file said."""
    await tx.execute("drop table income_said")
