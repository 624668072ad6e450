"""All SQL of answers: those an underwriter looks at, and how long those of policies are kept. The open transaction comes first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.insurance.claim import KEEP_YEARS as KEEP_YEARS_OF_POLICY
from tapwealth.insurance.claim import KEEP_YEARS_OF_LONGER
from tapwealth.insurance.store import Key
from tapwealth.insurance.underwriting import KEEP_YEARS


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


async def erase(tx: Any, books: Sequence[int], until: date) -> list[UUID]:
    """The answers of what was applied for until that day and led to no policy; which applications those were."""
    rows = await tx.fetch(
        "update policy_application set sealed = '' where book = any($1) and asked_on <= $2 and policy is null and sealed <> ''"
        " and state <> 'referred' returning id",
        list(books),
        until,
    )
    return [row["id"] for row in rows]


async def keep_answers(tx: Any, book: int, policy: UUID, erase_on: date) -> None:
    """A policy was bought by answers, which are kept until that day."""
    await tx.execute("insert into policy_answers values ($1, $2, $3)", book, policy, erase_on)


async def policies_ended(tx: Any, first_day_without: Mapping[Key, date]) -> None:
    """These policies were over before their time, and so is the time of their answers. One that the insurer did not take on was none."""
    await tx.execute(
        "update policy_answers a set erase_on = (x.day + make_interval(years => case when p.refused_on is not null then $4::int"
        " when p.to_day > p.from_day + interval '1 year 1 day' then $6::int else $5::int end))::date"
        " from unnest($1::int[], $2::uuid[], $3::date[]) x(book, policy, day) join policy p on p.book = x.book and p.id = x.policy"
        " where a.book = x.book and a.policy = x.policy and a.erased_on is null",
        [book for book, _ in first_day_without],
        [policy for _, policy in first_day_without],
        list(first_day_without.values()),
        KEEP_YEARS,
        KEEP_YEARS_OF_POLICY,
        KEEP_YEARS_OF_LONGER,
    )


class Erased(NamedTuple):
    """Policies, and by which of their applications they were bought."""

    policies: list[Key]
    applications: list[UUID]


async def erase_of_policies(tx: Any, books: Sequence[int], day: date) -> Erased:
    """The policies whose answers have been kept long enough by that day, and whose claims' evidence is erased: those of their applications
    are erased, and nothing is to be kept of the records of their sales."""
    rows = await tx.fetch(
        "update policy_answers a set erased_on = $2 where book = any($1) and erase_on <= $2 and erased_on is null"
        " and not exists (select from claim c where c.book = a.book and c.policy = a.policy and c.erased_on is null)"
        " returning book, policy",
        list(books),
        day,
    )
    found = [(row["book"], row["policy"]) for row in rows]
    if not found:
        return Erased([], [])
    applied = await tx.fetch(
        "update policy_application a set sealed = '' from unnest($1::int[], $2::uuid[]) k(book, policy)"
        " where a.book = k.book and a.policy = k.policy returning a.id",
        [book for book, _ in found],
        [policy for _, policy in found],
    )
    return Erased(found, [row["id"] for row in applied])


async def gone(tx: Any, books: Sequence[int]) -> list[UUID]:
    """Applications, policies and claims of which the answers, or the files, are erased."""
    rows = await tx.fetch(
        "select id from policy_application where book = any($1) and sealed = ''"
        " union all select policy from policy_answers where book = any($1) and erased_on is not null"
        " union all select id from claim where book = any($1) and erased_on is not null",
        list(books),
    )
    return [row["id"] for row in rows]


async def erased(tx: Any, book: int) -> dict[UUID, date]:
    """By policy, when its answers were erased."""
    rows = await tx.fetch("select policy, erased_on from policy_answers where book = $1 and erased_on is not null", book)
    return {row["policy"]: row["erased_on"] for row in rows}


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
