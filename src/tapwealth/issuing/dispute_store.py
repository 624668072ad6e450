"""All SQL of payments that customers say were not theirs. Every function takes the open transaction first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class TapDispute:
    """Reported on that Shanghai day; `tap` is the payment."""

    book: int
    tap: UUID
    person: UUID
    reported_on: date
    reported_at: datetime


def _read(row: Any) -> TapDispute:
    return TapDispute(row["book"], row["tap"], row["person"], row["reported_on"], row["reported_at"])


async def add_dispute(tx: Any, one: TapDispute) -> None:
    """What was reported already keeps its first day."""
    await tx.execute(
        "insert into tap_dispute (book, tap, person, reported_on, reported_at) values ($1, $2, $3, $4, $5) on conflict do nothing",
        one.book, one.tap, one.person, one.reported_on, one.reported_at,
    )  # fmt: skip


async def dispute(tx: Any, book: int, tap: UUID) -> TapDispute | None:
    row = await tx.fetchrow("select * from tap_dispute where book = $1 and tap = $2", book, tap)
    return None if row is None else _read(row)


async def disputes_of(tx: Any, book: int, person: UUID) -> list[TapDispute]:
    """A person's, newest first."""
    rows = await tx.fetch("select * from tap_dispute where book = $1 and person = $2 order by reported_at desc, tap", book, person)
    return [_read(row) for row in rows]


async def disputes(tx: Any, book: int, taps: Sequence[UUID]) -> dict[UUID, date]:
    """Of these payments, the days on which they were said first to be somebody else's."""
    rows = await tx.fetch("select tap, reported_on from tap_dispute where book = $1 and tap = any($2::uuid[])", book, list(taps))
    return {row["tap"]: row["reported_on"] for row in rows}
