"""All SQL of what goes to the card network and comes back. Every function takes the open transaction first and works on lists."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tapwealth.wire.clearing_file import ItemKey, ItemKind


@dataclass(frozen=True, slots=True)
class NetworkFile:
    """A file of ours and, once it is there, what the network answered. `position` in fen that we owe; below zero: are owed."""

    business_date: date
    sequence: int
    presented: bytes
    items: int
    total: int
    taken_at: datetime | None = None
    cleared: bytes | None = None
    position: int | None = None
    done: int = 0
    finished_at: datetime | None = None

    @property
    def name(self) -> str:
        return f"{self.business_date} {self.sequence}"


@dataclass(frozen=True, slots=True)
class PresentedItem:
    """A sale (`P`) or refund (`R`) that was presented; `id` is the authorisation's, `original` that of the sale which is given back."""

    book: int
    id: UUID
    original: UUID | None
    kind: str
    rrn: str
    terminal_number: str
    stan: str
    authorisation_code: str
    amount: int
    presented_on: date
    sequence: int
    cleared_on: date | None = None
    cleared_amount: int = 0

    def place(self, acquirer: str) -> tuple[ItemKind, ItemKey]:
        """Kind and key, as the network names it."""
        return ItemKind(self.kind), ItemKey(self.rrn, acquirer, self.terminal_number, self.stan, self.authorisation_code)


@dataclass(frozen=True, slots=True)
class Dispute:
    """An item of the network's that is not as it should be. `due` is its part in a position, in fen."""

    id: UUID
    why: str
    kind: str
    rrn: str
    acquirer: str
    merchant_number: str
    terminal_number: str
    stan: str
    authorisation_code: str
    amount: int
    due: int
    found_on: date
    mended_on: date | None = None

    @property
    def place(self) -> tuple[ItemKind, ItemKey]:
        return ItemKind(self.kind), ItemKey(self.rrn, self.acquirer, self.terminal_number, self.stan, self.authorisation_code)


_FILE = "business_date, sequence, presented, items, total, taken_at, cleared, position, done, finished_at"
_ITEM = (
    "book, id, original, kind, rrn, terminal_number, stan, authorisation_code, amount, presented_on, sequence, cleared_on, cleared_amount"
)  # fmt: skip
_DISPUTE = (
    "id, why, kind, rrn, acquirer, merchant_number, terminal_number, stan, authorisation_code, amount, due, found_on, mended_on"
)  # fmt: skip


async def add_file(tx: Any, one: NetworkFile) -> None:
    await tx.execute(
        "insert into network_file (book, business_date, sequence, presented, items, total) values (0, $1, $2, $3, $4, $5)",
        one.business_date,
        one.sequence,
        one.presented,
        one.items,
        one.total,
    )


async def files(tx: Any, day: date) -> list[NetworkFile]:
    """Those of a business date, in order."""
    rows = await tx.fetch(f"select {_FILE} from network_file where book = 0 and business_date = $1 order by sequence", day)
    return [NetworkFile(*row) for row in rows]


async def owed_to_us(tx: Any, since: date, until: date) -> list[NetworkFile]:
    """Files of these dates by which the network owes us."""
    query = (
        f"select {_FILE} from network_file where book = 0 and business_date between $1 and $2 and position < 0 order by 1, 2"
    )  # fmt: skip
    return [NetworkFile(*row) for row in await tx.fetch(query, since, until)]


async def set_taken(tx: Any, day: date, sequence: int, now: datetime) -> None:
    """The network has it."""
    await tx.execute(
        "update network_file set taken_at = $3 where book = 0 and business_date = $1 and sequence = $2 and taken_at is null",
        day,
        sequence,
        now,
    )


async def set_cleared(tx: Any, day: date, sequence: int, content: bytes, position: int) -> None:
    """What the network answered; the first answer that could be read stands."""
    await tx.execute(
        "update network_file set cleared = $3, position = $4 where book = 0 and business_date = $1 and sequence = $2 and cleared is null",
        day,
        sequence,
        content,
        position,
    )


async def set_done(tx: Any, day: date, sequence: int, done: int, finished_at: datetime | None) -> None:
    """So many of the answer's items were worked off."""
    await tx.execute(
        "update network_file set done = $3, finished_at = $4 where book = 0 and business_date = $1 and sequence = $2",
        day,
        sequence,
        done,
        finished_at,
    )


async def add_items(tx: Any, made: Sequence[PresentedItem]) -> None:
    types = ["int", "uuid", "uuid", "text", "text", "text", "text", "text", "bigint", "date", "int", "date", "bigint"]
    slots = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(types, 1))
    columns = ([getattr(one, name) for one in made] for name in _ITEM.split(", "))
    await tx.execute(f"insert into network_item ({_ITEM}) select * from unnest({slots})", *columns)


async def items_of(tx: Any, keys: Iterable[tuple[int, UUID]]) -> dict[UUID, PresentedItem]:
    """Which of these authorisations were presented to the network, (book, id). No statement for none."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    rows = await tx.fetch(
        f"select {_ITEM} from network_item join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)",
        [book for book, _ in wanted],
        [identifier for _, identifier in wanted],
    )
    return {row["id"]: PresentedItem(*row) for row in rows}


async def items_by_rrn(tx: Any, books: Sequence[int], rrns: Sequence[str]) -> list[PresentedItem]:
    """What we presented under these references."""
    rows = await tx.fetch(f"select {_ITEM} from network_item where book = any($1::int[]) and rrn = any($2)", list(books), list(rrns))
    return [PresentedItem(*row) for row in rows]


async def given_back(tx: Any, keys: Iterable[tuple[int, UUID]]) -> dict[UUID, int]:
    """What the network has cleared of refunds of these sales, (book, id), in fen."""
    wanted = sorted(set(keys))
    rows = await tx.fetch(
        "select original, sum(cleared_amount)::bigint as given from network_item"
        " join unnest($1::int[], $2::uuid[]) k(book, original) using (book, original) where cleared_on is not null group by original",
        [book for book, _ in wanted],
        [identifier for _, identifier in wanted],
    )
    return {row["original"]: row["given"] for row in rows}


async def open_items(tx: Any, books: Sequence[int], until: date) -> list[PresentedItem]:
    """Presented up to that date and not cleared yet, the oldest first."""
    rows = await tx.fetch(
        f"select {_ITEM} from network_item where book = any($1::int[]) and presented_on <= $2 and cleared_on is null"
        " order by presented_on, rrn, id",
        list(books),
        until,
    )
    return [PresentedItem(*row) for row in rows]


async def set_items_cleared(tx: Any, cleared: Sequence[tuple[int, UUID, int]], day: date) -> None:
    """(book, id, fen)."""
    await tx.execute(
        "update network_item i set cleared_on = $4, cleared_amount = x.amount"
        " from unnest($1::int[], $2::uuid[], $3::bigint[]) x(book, id, amount)"
        " where i.book = x.book and i.id = x.id and i.cleared_on is null",
        *_columns(cleared, 3),
        day,
    )


async def add_disputes(tx: Any, made: Sequence[Dispute]) -> None:
    types = ["uuid", "text", "text", "text", "text", "text", "text", "text", "text", "bigint", "bigint", "date", "date"]
    slots = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(types, 1))
    columns = ([getattr(one, name) for one in made] for name in _DISPUTE.split(", "))
    await tx.execute(f"insert into network_dispute (book, {_DISPUTE}) select 0, x.* from unnest({slots}) x", *columns)


async def open_disputes(tx: Any, rrns: Sequence[str] | None = None) -> list[Dispute]:
    """Those that are not mended, the oldest first: all, or about these references."""
    rows = await tx.fetch(
        f"select {_DISPUTE} from network_dispute where book = 0 and mended_on is null and ($1::text[] is null or rrn = any($1))"
        " order by found_on, rrn, id",
        None if rrns is None else list(rrns),
    )
    return [Dispute(*row) for row in rows]


async def set_mended(tx: Any, disputes: Sequence[UUID], day: date) -> None:
    await tx.execute(
        "update network_dispute set mended_on = $2 where book = 0 and id = any($1::uuid[]) and mended_on is null", list(disputes), day
    )


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [[row[column] for row in rows] for column in range(width)]
