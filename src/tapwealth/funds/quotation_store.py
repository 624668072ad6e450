"""SQL of quotations. Lists in, lists out.

A quotation is of a day (`day`) and is recorded at an instant (`recorded_at`): what is said of a day again is the next version, and what
was known when can be asked for afterwards. The newest version that stands is what counts; one that is held or discarded never does.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from tapwealth.funds.nav import NAV_SCALE
from tapwealth.funds.seven_day_yield import GROWTH_SCALE, growth, growth_of_months
from tapwealth.storage.columns import columns


class QuotationState(StrEnum):
    """A held one waits for a second pair of eyes, which let it stand or discard it, each by a version of its own."""

    STANDS = "stands"
    HELD = "held"
    DISCARDED = "discarded"


class QuotationRow(NamedTuple):
    """A fund's day: income in 1/10,000 yuan per 10,000 units, yield in 1/1,000 percent, totals in fen and 1/100 unit, `nav` in 1/10,000
    yuan. `source` names the file or list that said so, `actor` the operator who proposed it (0: the registrar). `deviation`: millionths by
    which a money fund's value at market prices lies from that at amortised cost, where it was told."""

    fund: str
    day: date
    income_per_10k: int
    seven_day_yield: int
    day_income: int
    total_units: int
    computed_income: int
    nav: int = NAV_SCALE
    state: str = QuotationState.STANDS
    source: str = ""
    actor: int = 0
    deviation: int | None = None

    @property
    def said(self) -> tuple[int, ...]:
        """What the registrar says of the day; ours stands beside it."""
        return self.income_per_10k, self.seven_day_yield, self.day_income, self.total_units, self.nav


class Version(NamedTuple):
    """A quotation, which of its day it is, and when it was recorded."""

    row: QuotationRow
    version: int
    recorded_at: datetime


_QUOTATION = ", ".join(QuotationRow._fields)


async def add_quotations(tx: Any, rows: Sequence[QuotationRow], now: datetime) -> None:
    """Each as the next version of its fund and day, of which a list has one at most; what follows from them of growth is written with them.
    The caller holds the house's book, which keeps others from the same fund."""
    await tx.execute(
        f"insert into fund_quotation (book, {_QUOTATION}, version, recorded_at) select 0, x.*,"
        " 1 + coalesce((select max(version) from fund_quotation q where q.book = 0 and (q.fund, q.day) = (x.fund, x.day)), 0), $13"
        " from unnest($1::text[], $2::date[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],"
        f" $9::text[], $10::text[], $11::bigint[], $12::int[]) x({_QUOTATION})",
        *columns(rows, 12),
        now,
    )
    await _note_growth(tx, rows)


_SINCE = """
select k.fund, q.day, q.income_per_10k, m.worth::text worth
  from unnest($1::text[], $2::date[]) k(fund, first)
  left join lateral (select g.month, g.worth from fund_growth g where g.book = 0 and g.fund = k.fund and g.month <= k.first
                      order by g.month desc limit 1) m on true
  join fund_quotation_standing q on q.book = 0 and q.fund = k.fund and q.day >= coalesce(m.month, '-infinity')
 order by k.fund, q.day
"""


async def _note_growth(tx: Any, rows: Sequence[QuotationRow]) -> None:
    """Of each fund, how much has grown by the beginning of each month, from that of the first of these days on: of a fund that was quoted
    yesterday, the days of one month are read for it."""
    first: dict[str, date] = {}
    for row in rows:
        first[row.fund] = min(first.get(row.fund, row.day), row.day)
    days, before = defaultdict[str, list[tuple[date, int]]](list), dict[str, int]()
    for fund, day, income, worth in await tx.fetch(_SINCE, list(first), list(first.values())):
        days[fund].append((day, income))
        before[fund] = GROWTH_SCALE if worth is None else int(worth)
    marks = [(fund, month, str(worth)) for fund in days for month, worth in growth_of_months(days[fund], before[fund]).items()]
    await tx.execute(
        "insert into fund_growth as g (book, fund, month, worth)"
        " select 0, fund, month, worth::numeric from unnest($1::text[], $2::date[], $3::text[]) x(fund, month, worth)"
        " on conflict (book, fund, month) do update set worth = excluded.worth where g.worth <> excluded.worth",
        *columns(marks, 3),
    )


async def grown(tx: Any, fund: str, before: date | None, limit: int) -> list[tuple[QuotationRow, int]]:
    """The newest days that count, or the newest before one, each with what a yuan had become by its end (1/10^20 yuan); newest first. It
    reads these days and those of one month more, however many there are."""
    last = (date.max if before is None else before) - timedelta(days=before is not None)
    first = await tx.fetchval(
        "select min(day) from (select distinct day from fund_quotation where book = 0 and fund = $1 and day <= $2 and state = 'stands'"
        " order by day desc limit $3) x",
        fund,
        last,
        limit,
    )
    if first is None:
        return []
    mark = await tx.fetchrow(
        "select month, worth::text from fund_growth where book = 0 and fund = $1 and month <= $2 order by month desc limit 1", fund, first
    )
    rows = await quotations(tx, fund, mark["month"] if mark else date.min, last)
    worth = growth((row.income_per_10k for row in rows), int(mark["worth"]) if mark else GROWTH_SCALE)
    return [(row, grew) for row, grew in zip(rows, worth, strict=True) if row.day >= first][::-1]


async def growth_differs(tx: Any) -> list[tuple[str, date]]:
    """(fund, month) whose growth is not what its quotations give, or is not written though a later month's is."""
    days, marks = defaultdict[str, list[tuple[date, int]]](list), dict[tuple[str, date], int]()
    for fund, month, worth in await tx.fetch("select fund, month, worth::text from fund_growth where book = 0"):
        marks[fund, month] = int(worth)
    for fund, day, income in await tx.fetch(
        "select fund, day, income_per_10k from fund_quotation_standing where book = 0 and fund = any($1) order by fund, day",
        sorted({fund for fund, _ in marks}),
    ):
        days[fund].append((day, income))
    right = {(fund, month): worth for fund in days for month, worth in growth_of_months(days[fund]).items()}
    return sorted(key for key in marks.keys() | right.keys() if marks.get(key) != right.get(key))


async def newest(tx: Any, days: Iterable[tuple[str, date]]) -> dict[tuple[str, date], QuotationRow]:
    """What was said last of each (fund, day), whether it counts or not."""
    rows = await tx.fetch(
        f"select distinct on (fund, day) {_QUOTATION} from fund_quotation"
        " where book = 0 and (fund, day) in (select * from unnest($1::text[], $2::date[])) order by fund, day, version desc",
        *columns(list(days), 2),
    )
    return {(row["fund"], row["day"]): QuotationRow(*row) for row in rows}


async def quotations_of_day(tx: Any, day: date) -> dict[str, QuotationRow]:
    """By fund, what counts."""
    rows = await tx.fetch(f"select {_QUOTATION} from fund_quotation_standing where book = 0 and day = $1", day)
    return {row["fund"]: QuotationRow(*row) for row in rows}


async def nav_of(tx: Any, fund: str, day: date, known_at: datetime | None = None) -> int | None:
    """The price of a unit on a day in 1/10,000 yuan; None if none is known, or none that counts. `known_at`: as it was known then."""
    found: int | None = await tx.fetchval(
        "select nav from fund_quotation where book = 0 and fund = $1 and day = $2 and state = 'stands'"
        " and ($3::timestamptz is null or recorded_at <= $3) order by version desc limit 1",
        fund,
        day,
        known_at,
    )
    return found


async def navs_of(tx: Any, days: Iterable[tuple[str, date]]) -> dict[tuple[str, date], int]:
    """The prices by (fund, day); one that is not known, or does not count, is left out."""
    rows = await tx.fetch(
        "select fund, day, nav from fund_quotation_standing"
        " where book = 0 and (fund, day) in (select * from unnest($1::text[], $2::date[]))",
        *columns(list(days), 2),
    )
    return {(row["fund"], row["day"]): row["nav"] for row in rows}


async def last_prices(tx: Any) -> dict[str, tuple[date, int]]:
    """The newest price of each fund, and of which day it is; of one that was raised and has none yet, 1.0000 of the day on which it was
    formed."""
    rows = await tx.fetch(
        "select f.code fund, coalesce(q.day, r.ended_on) as day, coalesce(q.nav, $1) as nav from fund f left join lateral"
        " (select day, nav from fund_quotation q where q.book = 0 and q.fund = f.code and q.state = 'stands'"
        " order by q.day desc, q.version desc limit 1) q on true"
        " left join raise_offering r on r.book = 0 and r.fund = f.code and r.ended = 'formed'"
        " where f.book = 0 and (q.day is not null or r.fund is not null)",
        NAV_SCALE,
    )
    return {row["fund"]: (row["day"], row["nav"]) for row in rows}


async def issued(tx: Any, funds: Sequence[str], day: date) -> dict[str, tuple[date, int]]:
    """Of those that were raised and formed by that day: that day, and 1.0000."""
    rows = await tx.fetch(
        "select fund, ended_on from raise_offering where book = 0 and fund = any($1) and ended = 'formed' and ended_on <= $2",
        list(funds),
        day,
    )
    return {row["fund"]: (row["ended_on"], NAV_SCALE) for row in rows}


async def navs_before(tx: Any, days: Iterable[tuple[str, date]]) -> dict[tuple[str, date], tuple[date, int]]:
    """Of each (fund, day) the newest price of a day before it that counts, and that day; a fund's first is left out."""
    rows = await tx.fetch(
        "select k.fund, k.day, q.day as before, q.nav from unnest($1::text[], $2::date[]) k(fund, day) cross join lateral"
        " (select day, nav from fund_quotation_standing s where s.book = 0 and s.fund = k.fund and s.day < k.day and s.nav > 0"
        " order by day desc limit 1) q",
        *columns(list(days), 2),
    )
    return {(row["fund"], row["day"]): (row["before"], row["nav"]) for row in rows}


async def versions(tx: Any, fund: str, first: date, last: date, known_at: datetime | None = None) -> list[Version]:
    """Everything that was said of these days (until that instant), by day, in the order in which it was recorded."""
    rows = await tx.fetch(
        f"select {_QUOTATION}, version, recorded_at from fund_quotation where book = 0 and fund = $1 and day between $2 and $3"
        " and ($4::timestamptz is null or recorded_at <= $4) order by day, version",
        fund,
        first,
        last,
        known_at,
    )
    return [Version(QuotationRow(*row[:-2]), row[-2], row[-1]) for row in rows]


async def last_navs(tx: Any) -> dict[str, int]:
    """The newest price of each fund."""
    return {fund: nav for fund, (_, nav) in (await last_prices(tx)).items()}


async def incomes_between(tx: Any, first: date, last: date) -> dict[str, dict[date, int]]:
    """Income per 10,000 units by fund and day."""
    rows = await tx.fetch(
        "select fund, day, income_per_10k from fund_quotation_standing where book = 0 and day between $1 and $2", first, last
    )
    found: dict[str, dict[date, int]] = defaultdict(dict)
    for row in rows:
        found[row["fund"]][row["day"]] = row["income_per_10k"]
    return found


async def quotations(tx: Any, fund: str, first: date, last: date) -> list[QuotationRow]:
    """What counts, oldest first."""
    rows = await tx.fetch(
        f"select {_QUOTATION} from fund_quotation_standing where book = 0 and fund = $1 and day between $2 and $3 order by day",
        fund,
        first,
        last,
    )
    return [QuotationRow(*row) for row in rows]
