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
