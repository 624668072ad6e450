"""All SQL of changes of policies. Every function takes the open transaction first and works on lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from tapwealth.insurance.endorsement import EndorsementKind
from tapwealth.insurance.store import Key


class EndorsementState(StrEnum):
    """Where a change stands; the text is stored."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndorsementRow:
    """One change: `amount` fen were taken for it, with a minus they are to come back. `sealed`: an address, bound to the policy."""

    book: int
    id: UUID
    policy: UUID
    kind: EndorsementKind
    serial: str
    amount: int
    effective: date
    asked_on: date
    asked_at: datetime
    occupation_from: int | None = None
    occupation_to: int | None = None
    beneficiaries_from: int | None = None
    beneficiaries_to: int | None = None
    sum_from: int | None = None
    sum_to: int | None = None
    premium_to: int | None = None
    sealed: bytes | None = None
    state: EndorsementState = EndorsementState.ASKED
    decided_on: date | None = None
    reason: str = ""
    refunded_on: date | None = None


_TYPES = {
    "book": "int",
    "id": "uuid",
    "policy": "uuid",
    "kind": "text",
    "serial": "text",
    "amount": "bigint",
    "effective": "date",
    "occupation_from": "smallint",
    "occupation_to": "smallint",
    "beneficiaries_from": "int",
    "beneficiaries_to": "int",
    "sum_from": "bigint",
    "sum_to": "bigint",
    "premium_to": "bigint",
    "sealed": "bytea",
    "state": "text",
    "asked_on": "date",
    "asked_at": "timestamptz",
    "decided_on": "date",
    "reason": "text",
    "refunded_on": "date",
}
_COLUMNS = ", ".join(_TYPES)
_ROWS = "unnest(" + ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(_TYPES.values(), 1)) + f") x({_COLUMNS})"
_CHANGING = ("state", "decided_on", "reason", "refunded_on")
_READ = f"select {_COLUMNS} from policy_endorsement"


def _read(row: Any) -> EndorsementRow:
    return EndorsementRow(**{**row, "kind": EndorsementKind(row["kind"]), "state": EndorsementState(row["state"])})


def _written(rows: Sequence[EndorsementRow]) -> list[list[Any]]:
    return [[getattr(row, name) for row in rows] for name in _TYPES]


async def add(tx: Any, rows: Sequence[EndorsementRow]) -> None:
    await tx.execute(f"insert into policy_endorsement ({_COLUMNS}) select {_COLUMNS} from {_ROWS}", *_written(rows))


async def save(tx: Any, rows: Sequence[EndorsementRow]) -> None:
    """What became of these."""
    changes = ", ".join(f"{name} = x.{name}" for name in _CHANGING)
    await tx.execute(f"update policy_endorsement e set {changes} from {_ROWS} where e.book = x.book and e.id = x.id", *_written(rows))


async def of_policies(tx: Any, keys: Sequence[Key]) -> dict[Key, list[EndorsementRow]]:
    """All changes of each, oldest first."""
    rows = await tx.fetch(
        f"{_READ} join unnest($1::int[], $2::uuid[]) k(book, policy) using (book, policy) order by asked_at, id",
        [book for book, _ in keys],
        [one for _, one in keys],
    )
    found: dict[Key, list[EndorsementRow]] = {key: [] for key in keys}
    for row in rows:
        found[row["book"], row["policy"]].append(_read(row))
    return found


async def by_serial(tx: Any, books: Sequence[int], serials: Sequence[str]) -> dict[str, EndorsementRow]:
    rows = await tx.fetch(f"{_READ} where book = any($1) and serial = any($2)", list(books), list(serials))
    return {row["serial"]: _read(row) for row in rows}


async def waiting(tx: Any, books: Sequence[int]) -> list[EndorsementRow]:
    """About which the insurer was asked and has not answered."""
    return [_read(row) for row in await tx.fetch(f"{_READ} where book = any($1) and state = 'asked' order by serial", list(books))]


async def under_way(tx: Any, keys: Sequence[Key]) -> set[Key]:
    """The policies of which a change waits for the insurer's answer."""
    rows = await tx.fetch(
        "select distinct book, policy from policy_endorsement join unnest($1::int[], $2::uuid[]) k(book, policy) using (book, policy)"
        " where state = 'asked'",
        [book for book, _ in keys],
        [one for _, one in keys],
    )
    return {(row["book"], row["policy"]) for row in rows}


async def asked_with(tx: Any, books: Sequence[int], day: date) -> list[tuple[str, int]]:
    """(serial, fen) of money that was taken by the end of that date, and of which the insurer had not been heard then."""
    rows = await tx.fetch(
        "select serial, amount from policy_endorsement where book = any($1) and amount > 0 and asked_on <= $2"
        " and (decided_on is null or decided_on > $2) order by serial",
        list(books),
        day,
    )
    return [(row["serial"], row["amount"]) for row in rows]


async def refunds_awaited(tx: Any, books: Sequence[int], day: date) -> list[tuple[str, int]]:
    """(serial, fen) of what comes back for changes that were accepted by that date, and had not arrived at its end."""
    rows = await tx.fetch(
        "select serial, -amount as amount from policy_endorsement where book = any($1) and amount < 0 and state = 'accepted'"
        " and decided_on <= $2 and (refunded_on is null or refunded_on > $2) order by serial",
        list(books),
        day,
    )
    return [(row["serial"], row["amount"]) for row in rows]
