"""What customers were told: one line in two languages, written in the transaction of the event it tells of, and told once.

The flow of an event makes the words; a notice's id follows from the event, so that a repetition adds nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Notice:
    """`at` is the platform clock's instant."""

    book: int
    id: UUID
    person: UUID
    at: datetime
    text_zh: str
    text_en: str


async def tell(tx: Any, notices: Sequence[Notice]) -> None:
    """Add these. One statement; what was told already stays as it was."""
    if not notices:
        return
    await tx.execute(
        "insert into notice (book, id, person, at, text_zh, text_en, turn)"
        " select x.book, x.id, x.person, x.at, x.text_zh, x.text_en, row_number() over (partition by x.book, x.person order by x.place)"
        " + (select coalesce(max(n.turn), 0) from notice n where n.book = x.book and n.person = x.person)"
        " from unnest($1::int[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::text[], $6::text[])"
        " with ordinality x(book, id, person, at, text_zh, text_en, place) on conflict (book, id) do nothing",
        [one.book for one in notices],
        [one.id for one in notices],
        [one.person for one in notices],
        [one.at for one in notices],
        [one.text_zh for one in notices],
        [one.text_en for one in notices],
    )


async def notices_of(tx: Any, book: int, person: UUID, limit: int = 100) -> list[Notice]:
    """The newest notices of a person, newest first."""
    rows = await tx.fetch(
        "select book, id, person, at, text_zh, text_en from notice where book = $1 and person = $2 order by turn desc limit $3",
        book,
        person,
        limit,
    )
    return [Notice(*row) for row in rows]
