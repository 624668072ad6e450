"""SQL of quotations. Lists in, lists out.

A quotation is of a day (`day`) and is recorded at an instant (`recorded_at`): what is said of a day again is the next version, and what
was known when can be asked for afterwards. The newest version that stands is what counts; one that is held or discarded never does.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from tapwealth.funds.nav import NAV_SCALE
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
    """Each as the next version of its fund and day, of which a list has one at most. The caller's lock keeps others from the same day."""
    await tx.execute(
        f"insert into fund_quotation (book, {_QUOTATION}, version, recorded_at) select 0, x.*,"
        " 1 + coalesce((select max(version) from fund_quotation q where q.book = 0 and (q.fund, q.day) = (x.fund, x.day)), 0), $13"
        " from unnest($1::text[], $2::date[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],"
        f" $9::text[], $10::text[], $11::bigint[], $12::int[]) x({_QUOTATION})",
        *columns(rows, 12),
        now,
    )


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
    """The newest price of each fund, and of which day it is."""
    rows = await tx.fetch("select distinct on (fund) fund, day, nav from fund_quotation_standing where book = 0 order by fund, day desc")
    return {row["fund"]: (row["day"], row["nav"]) for row in rows}


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
