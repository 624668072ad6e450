"""All SQL of compliance: what each person has paid from balances, and who stands on a list."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tapwealth.compliance.limits import Used, periods
from tapwealth.compliance.screening import Listed, WatchList
from tapwealth.storage.columns import columns


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


async def usage(tx: Any, persons: Sequence[tuple[int, UUID, int]], days: Collection[date]) -> Used:
    """What each (book, person, class) has used of the limit that payments of these days count against."""
    asked = [(book, person, *between) for book, person, level in persons for between in sorted(periods(level, days))]
    rows = await tx.fetch(
        "select person, first_day, sum(amount)::bigint as amount from payment_usage"
        " join unnest($1::int[], $2::uuid[], $3::date[], $4::date[]) k(book, person, first_day, last_day) using (book, person)"
        " where business_date between first_day and last_day group by person, first_day",
        *columns(asked, 4),
    )
    amounts = Counter({(row["person"], row["first_day"]): row["amount"] for row in rows})
    return Used({person: level for _, person, level in persons}, amounts)


async def add_listed(tx: Any, one: Listed, by: int, now: datetime) -> None:
    """`by` is the operator's number."""
    await tx.execute(
        "insert into watch_entry (id, list, name, name_key, number_lookup, reason, listed_by, listed_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8)",
        one.id,
        one.list,
        one.name,
        one.name_key,
        one.number_lookup,
        one.reason,
        by,
        now,
    )


async def delist(tx: Any, entry: UUID, by: int, reason: str, now: datetime) -> bool:
    """Whether it stood on a list until now. The entry is kept, with who took it off and why."""
    done = await tx.execute(
        "update watch_entry set delisted_by = $2, delisted_reason = $3, delisted_at = $4 where id = $1 and delisted_at is null",
        entry,
        by,
        reason,
        now,
    )
    return str(done) == "UPDATE 1"


async def listed(tx: Any, names: Sequence[str], numbers: Sequence[bytes]) -> list[Listed]:
    """Who stands on a list now under one of these names (as compared) or numbers (hashed), the oldest entry first."""
    rows = await tx.fetch(
        "select id, list, name, name_key, number_lookup, reason from watch_entry where delisted_at is null"
        " and (name_key = any($1) or (number_lookup = any($2) and number_lookup <> '')) order by listed_at, id",
        list(names),
        list(numbers),
    )
    return [Listed(row["id"], WatchList(row["list"]), *row[2:]) for row in rows]
