"""SQL of deposits as they stand; what happened to each stands in the bank's list. Lists in, lists out."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from tapwealth.deposits.deposit import AtMaturity, Deposit, DepositState, FormKind
from tapwealth.deposits.product import Term
from tapwealth.ledger.chart import Kind
from tapwealth.storage.columns import table, written

Key = tuple[int, UUID]
"""Book and deposit."""

_TYPES = {
    "book": "int",
    "id": "uuid",
    "person": "uuid",
    "number": "text",
    "product": "text",
    "version": "int",
    "form": "text",
    "account": "bigint",
    "balance": "bigint",
    "rate": "int",
    "first": "date",
    "opened_on": "date",
    "opened_at": "timestamptz",
    "state": "text",
    "term": "text",
    "due": "date",
    "at_maturity": "text",
    "closed_on": "date",
}
_COLUMNS = ", ".join(_TYPES)
_CHANGING = ("version", "balance", "rate", "first", "state", "due", "at_maturity", "closed_on")
_ADD = f"insert into deposit ({_COLUMNS}) select {_COLUMNS} from {table(_TYPES)}"
_SAVED = {name: _TYPES[name] for name in ("book", "id", *_CHANGING)}
_SAVE = (
    f"update deposit d set {', '.join(f'{name} = x.{name}' for name in _CHANGING)} from {table(_SAVED)}"
    " where d.book = x.book and d.id = x.id"
)
_READ = f"select {_COLUMNS} from deposit"


_WORDS: Sequence[tuple[int, type[StrEnum]]] = [
    (list(_TYPES).index(name), word)
    for name, word in (("form", FormKind), ("state", DepositState), ("term", Term), ("at_maturity", AtMaturity))
]


def _read(row: Any) -> Deposit:
    said = list(row)
    for place, word in _WORDS:
        if said[place] is not None:
            said[place] = word(said[place])
    return Deposit(*said)


async def add(tx: Any, rows: Sequence[Deposit]) -> None:
    await tx.execute(_ADD, *written(rows, list(_TYPES)))


async def save(tx: Any, rows: Sequence[Deposit]) -> None:
    """Everything about these that can change, as it stands in the rows."""
    await tx.execute(_SAVE, *written(rows, list(_SAVED)))


async def deposits(tx: Any, keys: Sequence[Key]) -> dict[Key, Deposit]:
    rows = await tx.fetch(
        f"{_READ} join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)", [book for book, _ in keys], [one for _, one in keys]
    )
    return {(row["book"], row["id"]): _read(row) for row in rows}


async def deposits_of(tx: Any, book: int, person: UUID) -> list[Deposit]:
    """All that a person ever opened, oldest first."""
    rows = await tx.fetch(f"{_READ} where book = $1 and person = $2 order by opened_at, id", book, person)
    return [_read(row) for row in rows]


# ---- what is due


async def books_due(tx: Any, books: Sequence[int], through: date) -> list[int]:
    """In which of the books a deposit is due on that day or before, and nothing has become of it: a look at each book's index."""
    rows = await tx.fetch(
        "select b.book from unnest($1::int[]) b(book) where exists (select from deposit d where d.book = b.book and d.state = 'open'"
        " and d.due is not null and d.due <= $2) order by 1",
        list(books),
        through,
    )
    return [row["book"] for row in rows]


async def due(tx: Any, book: int, through: date, limit: int) -> list[Deposit]:
    """Those of a book, the first due first."""
    rows = await tx.fetch(
        f"{_READ} where book = $1 and state = 'open' and due is not null and due <= $2 order by due, id limit $3", book, through, limit
    )
    return [_read(row) for row in rows]


async def due_on(tx: Any, book: int, day: date, after: UUID | None, limit: int) -> list[Deposit]:
    """Those of a book that are due on that very day, by id, from behind `after` on."""
    rows = await tx.fetch(
        f"{_READ} where book = $1 and state = 'open' and due = $2 and ($3::uuid is null or id > $3) order by id limit $4",
        book,
        day,
        after,
        limit,
    )
    return [_read(row) for row in rows]


async def overdue_since(tx: Any, books: Sequence[int], day: date) -> int:
    """How many were due on that day and are kept past it."""
    found: int = await tx.fetchval("select count(*) from deposit where book = any($1) and state = 'overdue' and due = $2", list(books), day)
    return found


# ---- the audit


async def differing(tx: Any, book: int) -> list[tuple[str, int, int, int]]:
    """(number, balance of the row, of its ledger account, by the bank's list) of a book's deposits that do not have one balance in all
    three; an account of a deposit that has no row is named by its id."""
    rows = await tx.fetch(
        "select coalesce(d.number, a.owner::text) as number, coalesce(d.balance, 0) as kept,"
        " coalesce(a.credits_posted - a.debits_posted, 0) as owed, coalesce(s.balance, 0) as listed"
        " from (select * from deposit where book = $1) d"
        " full join (select * from account where book = $1 and kind = $2) a on a.id = d.account"
        " left join deposit_standing s on s.book = $1 and s.deposit = d.number"
        " where coalesce(d.balance, 0) <> coalesce(a.credits_posted - a.debits_posted, 0)"
        " or (d.number is not null and d.balance <> coalesce(s.balance, 0)) order by 1",
        book,
        Kind.DEPOSIT,
    )
    return [(row["number"], row["kept"], row["owed"], row["listed"]) for row in rows]
