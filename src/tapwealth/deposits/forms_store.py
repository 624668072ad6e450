"""SQL of what demand deposits and deposits at notice have besides: fen-days, layers, notices. Lists in, lists out."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from tapwealth.deposits.notice import GivenNotice, Layer, NoticeState

Key = tuple[int, UUID]
"""Book and deposit."""


@dataclass(frozen=True, slots=True)
class FenDays:
    """Of a demand deposit: what it has earned on before `since`, and the next day of its settlement (None: it is closed)."""

    book: int
    deposit: UUID
    fen_days: int
    since: date
    settles: date | None

    @property
    def key(self) -> Key:
        return self.book, self.deposit


def _keys(keys: Sequence[Key]) -> list[list[Any]]:
    return [[book for book, _ in keys], [one for _, one in keys]]


async def put_running(tx: Any, rows: Sequence[FenDays]) -> None:
    """As they stand now."""
    if rows:
        await tx.execute(
            "insert into deposit_running (book, deposit, fen_days, since, settles)"
            " select * from unnest($1::int[], $2::uuid[], $3::bigint[], $4::date[], $5::date[])"
            " on conflict (book, deposit) do update set fen_days = excluded.fen_days, since = excluded.since, settles = excluded.settles",
            *[[getattr(row, name) for row in rows] for name in ("book", "deposit", "fen_days", "since", "settles")],
        )


async def running(tx: Any, keys: Sequence[Key]) -> dict[Key, FenDays]:
    rows = await tx.fetch(
        "select book, deposit, fen_days, since, settles from deposit_running"
        " join unnest($1::int[], $2::uuid[]) k(book, deposit) using (book, deposit)",
        *_keys(keys),
    )
    return {(row["book"], row["deposit"]): FenDays(**row) for row in rows}


async def books_settling(tx: Any, books: Sequence[int], through: date) -> list[int]:
    """In which of the books a demand deposit is to be settled on that day or before: a look at each book's index."""
    rows = await tx.fetch(
        "select b.book from unnest($1::int[]) b(book)"
        " where exists (select from deposit_running r where r.book = b.book and r.settles <= $2) order by 1",
        list(books),
        through,
    )
    return [row["book"] for row in rows]


async def settling(tx: Any, book: int, through: date, limit: int) -> list[FenDays]:
    """Those of a book, the first due first."""
    rows = await tx.fetch(
        "select book, deposit, fen_days, since, settles from deposit_running where book = $1 and settles <= $2"
        " order by settles, deposit limit $3",
        book,
        through,
        limit,
    )
    return [FenDays(**row) for row in rows]


# ---- at notice


async def add_notice(tx: Any, one: GivenNotice) -> None:
    await tx.execute(
        "insert into deposit_notice (book, id, deposit, amount, given_on, day, state) values ($1, $2, $3, $4, $5, $6, $7)",
        one.book,
        one.id,
        one.deposit,
        one.amount,
        one.given_on,
        one.day,
        one.state.value,
    )


async def set_notice(tx: Any, one: GivenNotice, state: NoticeState) -> None:
    await tx.execute("update deposit_notice set state = $3 where book = $1 and id = $2", one.book, one.id, state.value)


_NOTICE = "select book, id, deposit, amount, given_on, day, state from deposit_notice"


def _notice(row: Any) -> GivenNotice:
    return GivenNotice(**{**row, "state": NoticeState(row["state"])})


async def notice(tx: Any, book: int, identifier: UUID) -> GivenNotice | None:
    row = await tx.fetchrow(f"{_NOTICE} where book = $1 and id = $2", book, identifier)
    return None if row is None else _notice(row)


async def standing(tx: Any, keys: Sequence[Key], today: date) -> Mapping[Key, list[GivenNotice]]:
    """The notices of deposits whose day has not gone by, by day."""
    rows = await tx.fetch(
        f"{_NOTICE} join unnest($1::int[], $2::uuid[]) k(book, deposit) using (book, deposit)"
        " where state = 'given' and day >= $3 order by day",
        *_keys(keys),
        today,
    )
    found: dict[Key, list[GivenNotice]] = defaultdict(list)
    for row in rows:
        found[row["book"], row["deposit"]].append(_notice(row))
    return found


async def layers(tx: Any, keys: Sequence[Key]) -> Mapping[Key, tuple[Layer, ...]]:
    """Of those deposits that ever fell short of a notice: since when their money lies there, the oldest first."""
    rows = await tx.fetch(
        "select book, deposit, first, amount from deposit_layer join unnest($1::int[], $2::uuid[]) k(book, deposit) using (book, deposit)"
        " where amount > 0 order by first",
        *_keys(keys),
    )
    found: dict[Key, tuple[Layer, ...]] = defaultdict(tuple)
    for row in rows:
        found[row["book"], row["deposit"]] += (Layer(row["amount"], row["first"]),)
    return found


async def set_layers(tx: Any, key: Key, lying: Sequence[Layer]) -> None:
    """These alone."""
    await tx.execute("update deposit_layer set amount = 0 where book = $1 and deposit = $2", *key)
    await tx.execute(
        "insert into deposit_layer (book, deposit, first, amount) select $1, $2, x.* from unnest($3::date[], $4::bigint[]) x"
        " on conflict (book, deposit, first) do update set amount = excluded.amount",
        *key,
        [layer.first for layer in lying],
        [layer.amount for layer in lying],
    )
