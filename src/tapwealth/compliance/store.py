"""All SQL of compliance: what each person has paid from balances."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from tapwealth.compliance.limits import counted_from


async def add_usage(tx: Any, used: Iterable[tuple[int, UUID, date, int]]) -> None:
    """(book, person, business date, fen); negative when a payment is undone."""
    sums: Counter[tuple[int, UUID, date]] = Counter()
    for book, person, day, amount in used:
        sums[book, person, day] += amount
    keys = sorted(sums)
    await tx.execute(
        "insert into payment_usage as u (book, person, business_date, amount)"
        " select * from unnest($1::int[], $2::uuid[], $3::date[], $4::bigint[])"
        " on conflict (book, person, business_date) do update set amount = u.amount + excluded.amount",
        [book for book, _, _ in keys],
        [person for _, person, _ in keys],
        [day for _, _, day in keys],
        [sums[key] for key in keys],
    )


async def usage(tx: Any, persons: Sequence[tuple[int, UUID, int]], today: date) -> dict[UUID, int]:
    """(book, person, class) to the fen that the limit of the class looks at; who paid nothing is not named."""
    rows = await tx.fetch(
        "select person, sum(amount)::bigint as amount from payment_usage join unnest($1::int[], $2::uuid[], $3::date[])"
        " k(book, person, first_day) using (book, person) where business_date >= first_day group by person",
        [book for book, _, _ in persons],
        [person for _, person, _ in persons],
        [counted_from(level, today) for _, _, level in persons],
    )
    return {row["person"]: row["amount"] for row in rows}
