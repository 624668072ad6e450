"""All SQL of answers that an underwriter looks at. Every function takes the open transaction first and works on lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from tapwealth.insurance.store import Key


class ApplicationState(StrEnum):
    """Where an application stands; the text is stored."""

    REFERRED = "referred"
    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRow:
    """One application. `sealed`: the answers, which of them are to be looked at, and why it was decided so; empty once they are
    erased. Accepted: until `good_until` the policy can be bought for `permille` more; `policy`: it was."""

    book: int
    id: UUID
    person: UUID
    product: str
    version: int
    insured_lookup: bytes
    sealed: bytes
    asked_on: date
    asked_at: datetime
    state: ApplicationState = ApplicationState.REFERRED
    permille: int = 0
    decided_on: date | None = None
    good_until: date | None = None
    policy: UUID | None = None


_COLUMNS = "book, id, person, product, version, insured_lookup, sealed, asked_on, asked_at, state, permille, decided_on, good_until, policy"


def _read(row: Any) -> ApplicationRow:
    return ApplicationRow(**{**row, "state": ApplicationState(row["state"])})


async def add(tx: Any, row: ApplicationRow) -> None:
    await tx.execute(
        "insert into policy_application (book, id, person, product, version, insured_lookup, sealed, asked_on, asked_at, state)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        row.book,
        row.id,
        row.person,
        row.product,
        row.version,
        row.insured_lookup,
        row.sealed,
        row.asked_on,
        row.asked_at,
        row.state.value,
    )


async def save(tx: Any, row: ApplicationRow) -> None:
    """What was decided, and the policy that was bought so."""
    await tx.execute(
        "update policy_application set state = $3, permille = $4, sealed = $5, decided_on = $6, good_until = $7, policy = $8"
        " where book = $1 and id = $2",
        row.book,
        row.id,
        row.state.value,
        row.permille,
        row.sealed,
        row.decided_on,
        row.good_until,
        row.policy,
    )


async def applications(tx: Any, keys: Sequence[Key]) -> dict[Key, ApplicationRow]:
    rows = await tx.fetch(
        f"select {_COLUMNS} from policy_application join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)",
        [book for book, _ in keys],
        [one for _, one in keys],
    )
    return {(row["book"], row["id"]): _read(row) for row in rows}


async def of_person(tx: Any, book: int, person: UUID) -> list[ApplicationRow]:
    """Newest first."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from policy_application where book = $1 and person = $2 order by asked_at desc, id desc", book, person
    )
    return [_read(row) for row in rows]


async def referred(tx: Any, books: Sequence[int]) -> list[ApplicationRow]:
    """Those that wait for an underwriter, oldest first."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from policy_application where book = any($1) and state = 'referred' order by asked_at, id", list(books)
    )
    return [_read(row) for row in rows]


async def erase(tx: Any, books: Sequence[int], until: date) -> int:
    """The answers of what was applied for until that day and led to no policy; how many those were."""
    rows = await tx.fetch(
        "update policy_application set sealed = '' where book = any($1) and asked_on <= $2 and policy is null and sealed <> ''"
        " and state <> 'referred' returning id",
        list(books),
        until,
    )
    return len(rows)


@dataclass(frozen=True, slots=True)
class OpenAnswers:
    """Of an application from before answers were sealed: `answers` as JSON."""

    book: int
    id: UUID
    answers: str
    referred: Sequence[str]
    reason: str


async def to_seal(tx: Any, most: int) -> list[OpenAnswers]:
    """So many at most."""
    rows = await tx.fetch(
        "select book, id, answers, referred, reason from policy_application where answers is not null order by book, id limit $1"
        " for update",
        most,
    )
    return [OpenAnswers(**row) for row in rows]


async def seal(tx: Any, sealed: Mapping[Key, bytes]) -> None:
    """From now on the answers of these applications lie sealed."""
    await tx.execute(
        "update policy_application a set answers = null, referred = null, reason = '', sealed = x.sealed"
        " from unnest($1::int[], $2::uuid[], $3::bytea[]) x(book, id, sealed) where a.book = x.book and a.id = x.id",
        [book for book, _ in sealed],
        [one for _, one in sealed],
        list(sealed.values()),
    )
