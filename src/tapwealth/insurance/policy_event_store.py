"""All SQL of what has happened to policies with the insurer. Every function takes the open transaction first and works on lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tapwealth.insurance.bordereau import BordereauEvent


@dataclass(frozen=True, slots=True)
class PolicyEventRow:
    """An event, named by the serial of the request that brought it about (or the insurer's own); `amount` in fen as in the bordereau.

    `policy_number` is read with the policy. `matched_on`: the date of the bordereau that names it."""

    book: int
    event: BordereauEvent
    serial: str
    policy: UUID
    amount: int
    happened_on: date
    heard_at: datetime
    matched_on: date | None = None
    policy_number: str = ""


_COLUMNS = "book, event, serial, policy, amount, happened_on, heard_at"
_READ = f"select {', '.join(f'e.{name}' for name in _COLUMNS.split(', '))}, e.matched_on, p.policy_number from policy_event e"
_POLICY = "join policy p on p.book = e.book and p.id = e.policy"


def _read(row: Any) -> PolicyEventRow:
    return PolicyEventRow(**{**row, "event": BordereauEvent(row["event"])})


async def add(tx: Any, rows: Sequence[PolicyEventRow]) -> None:
    """What is known already stays as it is."""
    if rows:
        await tx.execute(
            f"insert into policy_event ({_COLUMNS}) select * from"
            " unnest($1::int[], $2::text[], $3::text[], $4::uuid[], $5::bigint[], $6::date[], $7::timestamptz[]) on conflict do nothing",
            *[[getattr(row, name) for row in rows] for name in _COLUMNS.split(", ")],
        )


async def by_serial(tx: Any, books: Sequence[int], event: BordereauEvent, serials: Sequence[str]) -> dict[str, PolicyEventRow]:
    rows = await tx.fetch(
        f"{_READ} {_POLICY} where e.book = any($1) and e.event = $2 and e.serial = any($3)", list(books), event.value, list(serials)
    )
    return {row["serial"]: _read(row) for row in rows}


async def match(tx: Any, rows: Sequence[PolicyEventRow], day: date) -> None:
    """The bordereau of that date names them."""
    if rows:
        await tx.execute(
            "update policy_event e set matched_on = $4 from unnest($1::int[], $2::text[], $3::text[]) x(book, event, serial)"
            " where e.book = x.book and e.event = x.event and e.serial = x.serial",
            [row.book for row in rows],
            [row.event.value for row in rows],
            [row.serial for row in rows],
            day,
        )


async def unmatched(tx: Any, books: Sequence[int], day: date, before: datetime) -> list[PolicyEventRow]:
    """What we heard of before that instant under that date or earlier, and no bordereau names."""
    rows = await tx.fetch(
        f"{_READ} {_POLICY} where e.book = any($1) and e.happened_on <= $2 and e.heard_at < $3 and e.matched_on is null"
        " order by e.serial, e.event desc",
        list(books),
        day,
        before,
    )
    return [_read(row) for row in rows]
