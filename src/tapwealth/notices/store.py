"""The inboxes: rows of notices, written in the transaction of the event each tells of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tapwealth.notices.notice import Kept, Notice, NoticeKind
from tapwealth.storage.columns import columns, table, written

_TOLD = {
    "book": "int", "id": "uuid", "person": "uuid", "at": "timestamptz", "text_zh": "text", "text_en": "text", "kind": "text",
    "link": "text", "obligatory": "bool",
}  # fmt: skip
_TELL = f"""
insert into notice (book, id, person, at, text_zh, text_en, kind, link, obligatory, turn)
select x.book, x.id, x.person, x.at, x.text_zh, x.text_en, x.kind, x.link, x.obligatory,
       row_number() over (partition by x.book, x.person order by x.place)
       + (select coalesce(max(n.turn), 0) from notice n where n.book = x.book and n.person = x.person)
from {table(_TOLD, place="place")}
on conflict (book, id) do nothing
"""


async def tell(tx: Any, notices: Sequence[Notice]) -> None:
    """Add these. One statement; what was told already stays as it was."""
    if notices:
        await tx.execute(_TELL, *written(notices, list(_TOLD)))


async def notices_of(tx: Any, book: int, person: UUID, limit: int = 100, before: UUID | None = None) -> list[Kept]:
    """The newest notices of a person, newest first; those older than `before`, if it is given and one of theirs."""
    rows = await tx.fetch(
        "select book, id, person, at, text_zh, text_en, kind, link, obligatory, read_at from notice where book = $1 and person = $2"
        " and ($4::uuid is null or turn < (select b.turn from notice b where b.book = $1 and b.person = $2 and b.id = $4))"
        " order by turn desc limit $3",
        book,
        person,
        limit,
        before,
    )
    return [_kept(row) for row in rows]


async def by_id(tx: Any, book: int, notices: Sequence[UUID]) -> dict[UUID, Notice]:
    """Those of these notices of a book that are there."""
    rows = await tx.fetch(
        "select book, id, person, at, text_zh, text_en, kind, link, obligatory, read_at from notice where book = $1 and id = any ($2)",
        book,
        list(notices),
    )
    return {row["id"]: _kept(row).notice for row in rows}


async def unread(tx: Any, book: int, person: UUID) -> int:
    """How many of a person's notices were not opened yet."""
    count: int = await tx.fetchval("select count(*) from notice where book = $1 and person = $2 and read_at is null", book, person)
    return count


async def mark_read(tx: Any, book: int, person: UUID, notices: Sequence[UUID], now: datetime) -> None:
    """The person has opened these, or all if none is named; what was opened earlier keeps its instant."""
    await tx.execute(
        "update notice set read_at = $4 where book = $1 and person = $2 and read_at is null"
        " and (cardinality($3::uuid[]) = 0 or id = any ($3))",
        book,
        person,
        list(notices),
        now,
    )


async def reword(tx: Any, instead: Sequence[tuple[int, UUID, str, str, str]]) -> None:
    """(book, person, link, Chinese, English): what stands from now on in all notices of the person about what the link leads to."""
    await tx.execute(
        "update notice n set text_zh = x.text_zh, text_en = x.text_en"
        " from unnest($1::int[], $2::uuid[], $3::text[], $4::text[], $5::text[]) x(book, person, link, text_zh, text_en)"
        " where n.book = x.book and n.person = x.person and n.link = x.link",
        *columns(instead, 5),
    )


def _kept(row: Any) -> Kept:
    book, identifier, person, at, text_zh, text_en, kind, link, obligatory, read_at = row
    return Kept(Notice(book, identifier, person, at, text_zh, text_en, NoticeKind(kind), link, obligatory), read_at)
