"""SQL of each holder's income. Lists in, lists out."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.storage.columns import columns


class IncomeRow(NamedTuple):
    """A day's income of a holder: the registrar's figure and ours, in fen (units at 1.0000)."""

    book: int
    fund_account: UUID
    fund: str
    income_date: date
    amount: int
    computed: int
    business_date: date


class SpreadIncome(NamedTuple):
    """A fund's income of a day in a book, as it was spread: under the number `no` of its line; sums in fen, the registrar's and ours."""

    book: int
    fund: str
    income_date: date
    no: int
    asset: int
    business_date: date
    holders: int
    amount: int
    computed: int


async def add_income(tx: Any, rows: Sequence[IncomeRow]) -> None:
    await tx.execute(
        "insert into fund_income_posted (book, fund_account, fund, income_date, amount, computed, business_date)"
        " select * from unnest($1::int[], $2::uuid[], $3::text[], $4::date[], $5::bigint[], $6::bigint[], $7::date[])",
        *columns(rows, 7),
    )


async def add_spread(tx: Any, spread: Sequence[SpreadIncome]) -> None:
    """What was spread."""
    await tx.execute(
        "insert into fund_income_spread (book, fund, income_date, no, asset, business_date, holders, amount, computed)"
        " select * from unnest($1::int[], $2::text[], $3::date[], $4::bigint[], $5::smallint[], $6::date[], $7::int[], $8::bigint[],"
        " $9::bigint[])",
        *columns(spread, 9),
    )


class Income(NamedTuple):
    """A day's income of a holder, in fen: `income_date` earned it, under `business_date` it was posted."""

    fund: str
    income_date: date
    business_date: date
    amount: int


async def income_online(tx: Any, book: int, fund_account: UUID) -> list[Income]:
    """Of the years that are not archived."""
    rows = await tx.fetch(
        "select fund, income_date, business_date, amount from fund_income where book = $1 and fund_account = $2", book, fund_account
    )
    return [Income(*row) for row in rows]


async def archived_days(tx: Any, book: int, fund_account: UUID) -> dict[int, dict[int, Income]]:
    """By account of the holder's and number of a spread: the days of archived years, with 0 for what the archive alone knows."""
    rows = await tx.fetch(
        "select a.id, i.no, i.fund, i.income_date, i.business_date from account a"
        " join spread_archive y on y.book = a.book and y.asset = a.asset"
        " join fund_income_spread i on i.book = y.book and i.asset = y.asset and i.no between y.first_no and y.last_no"
        " where a.book = $1 and a.owner = $2 and a.kind = 601",
        book,
        fund_account,
    )
    found: dict[int, dict[int, Income]] = {}
    for account, no, fund, income_date, business_date in rows:
        found.setdefault(account, {})[no] = Income(fund, income_date, business_date, 0)
    return found


async def income_totals(tx: Any, fund: str) -> dict[date, tuple[int, int, int]]:
    """By income date: (holders, the registrar's total, ours)."""
    rows = await tx.fetch(
        "select income_date, sum(holders)::int as holders, sum(amount)::bigint as amount, sum(computed)::bigint as computed"
        " from (select income_date, 1 as holders, amount, computed from fund_income_posted where fund = $1"
        " union all select income_date, holders, amount, computed from fund_income_spread where fund = $1) x group by income_date",
        fund,
    )
    return {row["income_date"]: (row["holders"], row["amount"], row["computed"]) for row in rows}
