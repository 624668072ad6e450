"""SQL of large-redemption days: what the registrar's answers have told of them, and who waits for money meanwhile."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID


class Waiting(NamedTuple):
    """A customer's money that is confirmed and not paid; fen."""

    book: int
    due: UUID
    person: UUID
    amount: int
    business_date: date


async def note(tx: Any, funds: Sequence[str], day: date) -> None:
    """Answers booked under that date have left a rest of redemptions of these funds."""
    await tx.execute(
        "insert into large_day (book, fund, confirmed_on) select 0, x.fund, $2 from unnest($1::text[]) x(fund) on conflict do nothing",
        list(funds),
        day,
    )


async def noted(tx: Any, first: date) -> dict[str, set[date]]:
    """By fund, from that date on."""
    found: dict[str, set[date]] = defaultdict(set)
    for row in await tx.fetch("select fund, confirmed_on from large_day where book = 0 and confirmed_on >= $1", first):
        found[row["fund"]].add(row["confirmed_on"])
    return found


async def waiting(tx: Any, fund: str, days: Sequence[date]) -> list[Waiting]:
    """Who waits for money of a fund that was confirmed on those dates."""
    rows = await tx.fetch(
        "select d.book, d.id, o.fund_account, d.amount, d.business_date from registrar_due d"
        " join fund_order o on o.book = d.book and o.id = d.fund_order"
        " where d.paid_on is null and d.business_date = any($2) and o.fund = $1 order by d.business_date, d.book, d.id",
        fund,
        list(days),
    )
    return [Waiting(*row) for row in rows]
