"""All SQL of insurance. Every function takes the open transaction first and works on lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tapwealth.insurance.policy import Policy, PolicyState, Rescission
from tapwealth.storage.columns import table, written

Key = tuple[int, UUID]
"""Book and id."""


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A policy as stored, on a version of its product; amounts in fen. Refused by the insurer: `refused_on`.

    `received_on`: the day on which its policyholder was told that it is issued. A refund awaited has no `refunded_on`.
    `rescission`: what the cancellation is asked for, where operations found it out.
    """

    book: int
    id: UUID
    person: UUID
    product: str
    version: int
    serial: str
    premium: int
    sum_insured: int
    from_day: date
    to_day: date
    paid_until: date
    state: PolicyState
    business_date: date
    applied_at: datetime
    reason: str = ""
    policy_number: str = ""
    issued_on: date | None = None
    issued_at: datetime | None = None
    received_on: date | None = None
    refused_on: date | None = None
    free_look_until: date | None = None
    cancel_serial: str | None = None
    cancel_reason: str = ""
    cancel_asked_on: date | None = None
    refund: int = 0
    cancelled_on: date | None = None
    cancelled_at: datetime | None = None
    refunded_on: date | None = None
    rescission: Rescission | None = None

    @property
    def last_day(self) -> date:
        """Of its cover: of a cancelled one, the day on which that was asked for. Before `from_day` if cover never began."""
        ends = self.to_day - timedelta(days=1)
        return ends if self.cancelled_on is None or self.cancel_asked_on is None else min(ends, self.cancel_asked_on)

    @property
    def can_be_claimed(self) -> bool:
        """Whether a loss of any day could be paid of it now."""
        over = self.being_cancelled or self.rescinded_on_purpose or self.state is PolicyState.CLAIMED
        return self.issued_on is not None and not over and self.from_day <= self.last_day

    @property
    def rescinded_on_purpose(self) -> bool:
        """Whether nothing is owed of it (Insurance Law article 16)."""
        return self.cancelled_on is not None and self.rescission is Rescission.ON_PURPOSE

    @property
    def being_cancelled(self) -> bool:
        """The insurer has been asked to cancel it, and has not answered."""
        return self.cancel_serial is not None and self.cancelled_on is None

    @property
    def policy(self) -> Policy:
        """What the rules of a policy's life look at."""
        return Policy(
            self.id,
            self.book,
            self.person,
            self.product,
            self.version,
            self.premium,
            self.from_day,
            self.to_day,
            self.paid_until,
            self.issued_on,
            self.state,
            self.policy_number,
            self.received_on,
        )


_TYPES = {
    "book": "int",
    "id": "uuid",
    "person": "uuid",
    "product": "text",
    "version": "int",
    "serial": "text",
    "premium": "bigint",
    "sum_insured": "bigint",
    "from_day": "date",
    "to_day": "date",
    "paid_until": "date",
    "state": "text",
    "business_date": "date",
    "applied_at": "timestamptz",
    "reason": "text",
    "policy_number": "text",
    "issued_on": "date",
    "issued_at": "timestamptz",
    "received_on": "date",
    "refused_on": "date",
    "free_look_until": "date",
    "cancel_serial": "text",
    "cancel_reason": "text",
    "cancel_asked_on": "date",
    "refund": "bigint",
    "cancelled_on": "date",
    "cancelled_at": "timestamptz",
    "refunded_on": "date",
    "rescission": "text",
}
_COLUMNS = ", ".join(_TYPES)
_STATE = tuple(_TYPES).index("state")
_CHANGING = tuple(_TYPES)[_STATE:]
_ADD = f"insert into policy ({_COLUMNS}) select {_COLUMNS} from {table(_TYPES)}"
_SAVED = {name: _TYPES[name] for name in ("book", "id", *_CHANGING)}
_CHANGES = ", ".join(f"{name} = x.{name}" for name in _CHANGING)
_SAVE = f"update policy p set {_CHANGES} from {table(_SAVED)} where p.book = x.book and p.id = x.id"
_READ = f"select {_COLUMNS} from policy"


def _read(row: Any) -> PolicyRow:
    said = list(row)
    said[_STATE] = PolicyState(said[_STATE])
    if said[-1] is not None:
        said[-1] = Rescission(said[-1])
    return PolicyRow(*said)


async def add_policies(tx: Any, rows: Sequence[PolicyRow]) -> None:
    await tx.execute(_ADD, *written(rows, list(_TYPES)))


async def save(tx: Any, rows: Sequence[PolicyRow]) -> None:
    """Everything about these that can change, as it stands in the rows."""
    await tx.execute(_SAVE, *written(rows, list(_SAVED)))


async def policies(tx: Any, keys: Sequence[Key]) -> dict[Key, PolicyRow]:
    rows = await tx.fetch(
        f"{_READ} join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)", [book for book, _ in keys], [one for _, one in keys]
    )
    return {(row["book"], row["id"]): _read(row) for row in rows}


async def policies_of(tx: Any, book: int, person: UUID) -> list[PolicyRow]:
    """A person's policies, newest first."""
    return [
        _read(row) for row in await tx.fetch(f"{_READ} where book = $1 and person = $2 order by applied_at desc, id desc", book, person)
    ]


async def by_serial(tx: Any, books: Sequence[int], serials: Sequence[str]) -> dict[str, PolicyRow]:
    """By the serial of the request to issue it."""
    rows = await tx.fetch(f"{_READ} where book = any($1) and serial = any($2)", list(books), list(serials))
    return {row["serial"]: _read(row) for row in rows}


async def by_cancel_serial(tx: Any, books: Sequence[int], serials: Sequence[str]) -> dict[str, PolicyRow]:
    """By the serial of the request to cancel it, which is also the end-to-end id of its refund."""
    rows = await tx.fetch(f"{_READ} where book = any($1) and cancel_serial = any($2)", list(books), list(serials))
    return {row["cancel_serial"]: _read(row) for row in rows}


async def begin_cover(tx: Any, books: Sequence[int], day: date) -> int:
    """Issued policies whose first day of cover has come are in force. Returns how many began."""
    rows = await tx.fetch(
        "update policy set state = 'in_force' where book = any($1) and state = 'issued' and from_day <= $2 returning id", list(books), day
    )
    return len(rows)


async def waiting(tx: Any, books: Sequence[int]) -> list[PolicyRow]:
    """Those about which the insurer was asked and has not answered: to issue, or to cancel."""
    rows = await tx.fetch(
        f"{_READ} where book = any($1) and (state = 'quoted' or (cancel_serial is not null and cancelled_on is null)) order by serial",
        list(books),
    )
    return [_read(row) for row in rows]


async def refunds_awaited(tx: Any, books: Sequence[int], day: date) -> list[PolicyRow]:
    """Cancelled by that date, with a refund that had not arrived at its end."""
    rows = await tx.fetch(
        f"{_READ} where book = any($1) and cancelled_on <= $2 and refund > 0 and (refunded_on is null or refunded_on > $2)"
        " order by cancel_serial",
        list(books),
        day,
    )
    return [_read(row) for row in rows]


async def premiums_asked_with(tx: Any, books: Sequence[int], day: date) -> list[PolicyRow]:
    """Whose first premium was taken by the end of that date, while the insurer had neither issued nor refused the policy."""
    rows = await tx.fetch(
        f"{_READ} where book = any($1) and business_date <= $2 and (refused_on is null or refused_on > $2)"
        " and (issued_on is null or issued_on > $2) order by serial",
        list(books),
        day,
    )
    return [_read(row) for row in rows]
