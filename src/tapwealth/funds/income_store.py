"""SQL of quotations and of each holder's income. Lists in, lists out."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
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


class QuotationRow(NamedTuple):
    """A fund's day: income in 1/10,000 yuan per 10,000 units, yield in 1/1,000 percent, totals in fen and 1/100 unit."""

    fund: str
    day: date
    income_per_10k: int
    seven_day_yield: int
    day_income: int
    total_units: int
    computed_income: int


_QUOTATION = "fund, day, income_per_10k, seven_day_yield, day_income, total_units, computed_income"


async def add_quotations(tx: Any, rows: Sequence[QuotationRow], now: datetime) -> None:
    await tx.execute(
        f"insert into fund_quotation (book, {_QUOTATION}, recorded_at) select 0, x.*, $8 from unnest($1::text[], $2::date[], $3::bigint[],"
        " $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[]) x on conflict (book, fund, day) do nothing",
        *columns(rows, 7),
        now,
    )


async def quotations_of_day(tx: Any, day: date) -> dict[str, QuotationRow]:
    """By fund."""
    rows = await tx.fetch(f"select {_QUOTATION} from fund_quotation where book = 0 and day = $1", day)
    return {row["fund"]: QuotationRow(*row) for row in rows}


async def incomes_between(tx: Any, first: date, last: date) -> dict[str, dict[date, int]]:
    """Income per 10,000 units by fund and day."""
    rows = await tx.fetch("select fund, day, income_per_10k from fund_quotation where book = 0 and day between $1 and $2", first, last)
    found: dict[str, dict[date, int]] = defaultdict(dict)
    for row in rows:
        found[row["fund"]][row["day"]] = row["income_per_10k"]
    return found


async def quotations(tx: Any, fund: str, first: date, last: date) -> list[QuotationRow]:
    rows = await tx.fetch(
        f"select {_QUOTATION} from fund_quotation where book = 0 and fund = $1 and day between $2 and $3 order by day",
        fund,
        first,
        last,
    )
    return [QuotationRow(*row) for row in rows]


async def add_income(tx: Any, rows: Sequence[IncomeRow]) -> None:
    await tx.execute(
        "insert into fund_income (book, fund_account, fund, income_date, amount, computed, business_date)"
        " select * from unnest($1::int[], $2::uuid[], $3::text[], $4::date[], $5::bigint[], $6::bigint[], $7::date[])",
        *columns(rows, 7),
    )


async def income_given(tx: Any, income_date: date) -> set[tuple[str, UUID]]:
    """(fund, holder) whose income of that date is posted."""
    rows = await tx.fetch("select fund, fund_account from fund_income where income_date = $1", income_date)
    return {(row["fund"], row["fund_account"]) for row in rows}


async def income_of(tx: Any, book: int, fund_account: UUID) -> list[tuple[date, int]]:
    """(income date, fen of all funds), oldest first."""
    rows = await tx.fetch(
        "select income_date, sum(amount)::bigint as amount from fund_income where book = $1 and fund_account = $2"
        " group by income_date order by income_date",
        book,
        fund_account,
    )
    return [(row["income_date"], row["amount"]) for row in rows]


async def income_totals(tx: Any, fund: str) -> dict[date, tuple[int, int, int]]:
    """By income date: (holders, the registrar's total, ours)."""
    rows = await tx.fetch(
        "select income_date, count(*)::int as holders, sum(amount)::bigint as amount, sum(computed)::bigint as computed"
        " from fund_income where fund = $1 group by income_date",
        fund,
    )
    return {row["income_date"]: (row["holders"], row["amount"], row["computed"]) for row in rows}
