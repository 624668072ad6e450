"""All SQL of mandates for bound cards, and of what is reserved on them. Every function takes the open transaction first and works on
lists."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tapwealth.bank.mandate import Mandate, MandateState
from tapwealth.bank.reservation import Allowance, Reservation, ReservationState
from tapwealth.storage.columns import columns

_MANDATE = "book, id, person, card, per_tap, per_day, given_on, state, reason, given_at"


async def add_mandate(tx: Any, one: Mandate) -> None:
    names = _MANDATE.split(", ")
    slots = ", ".join(f"${number}" for number in range(1, len(names) + 1))
    await tx.execute(f"insert into mandate ({_MANDATE}) values ({slots})", *(getattr(one, name) for name in names))


async def mandate(tx: Any, book: int, identifier: UUID) -> Mandate | None:
    return (await mandates(tx, [(book, identifier)])).get(identifier)


async def mandates(tx: Any, keys: Sequence[tuple[int, UUID]]) -> dict[UUID, Mandate]:
    """By id."""
    wanted = sorted(set(keys))
    rows = await tx.fetch(
        f"select {_MANDATE} from mandate join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)", *columns(wanted, 2)
    )
    return {row["id"]: _mandate(row) for row in rows}


async def mandates_of(tx: Any, book: int, person: UUID) -> list[Mandate]:
    """All that a person ever gave, in that order."""
    rows = await tx.fetch(f"select {_MANDATE} from mandate where book = $1 and person = $2 order by given_at, id", book, person)
    return [_mandate(row) for row in rows]


async def set_mandate_state(tx: Any, book: int, identifier: UUID, before: Iterable[str], state: str, reason: str = "") -> bool:
    """True if it was in one of the states `before`."""
    done = await tx.fetchval(
        "update mandate set state = $4, reason = $5 where book = $1 and id = $2 and state = any($3) returning true",
        book,
        identifier,
        list(before),
        state,
        reason,
    )
    return bool(done)


def _mandate(row: Any) -> Mandate:
    return Mandate(**{**row, "state": MandateState(row["state"])})


async def allowances(tx: Any, people: Sequence[tuple[int, UUID, date]]) -> dict[UUID, Allowance]:
    """By person: the mandate in force, and what is left of its ceiling for that date; the least of several."""
    rows = await tx.fetch(
        "select m.person, m.id, m.per_tap, m.per_day - coalesce((select sum(r.amount)::bigint from reservation r where r.book = m.book"
        " and r.mandate = m.id and r.business_date = k.day and r.state in ('asking', 'held', 'debited')), 0) as left"
        " from mandate m join unnest($1::int[], $2::uuid[], $3::date[]) k(book, person, day) using (book, person)"
        " where m.state = 'confirmed' order by 4 desc",
        *columns(people, 3),
    )
    return {row["person"]: Allowance(row["id"], row["per_tap"], row["left"]) for row in rows}


_RESERVATION = "book, id, name, mandate, person, amount, business_date, state, reason, ask_until, held_until"


async def add_reservations(tx: Any, made: Sequence[Reservation]) -> None:
    if not made:
        return
    names = _RESERVATION.split(", ")
    types = "int uuid text uuid uuid bigint date text text timestamptz timestamptz"
    slots = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(types.split(), 1))
    rows = [tuple(getattr(one, name) for name in names) for one in made]
    await tx.execute(f"insert into reservation ({_RESERVATION}) select * from unnest({slots})", *columns(rows, len(names)))


async def reservations(tx: Any, keys: Sequence[tuple[int, UUID]]) -> dict[UUID, Reservation]:
    """By authorisation. No statement for none."""
    if not keys:
        return {}
    rows = await tx.fetch(
        f"select {_RESERVATION} from reservation join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)", *columns(keys, 2)
    )
    return {row["id"]: _reservation(row) for row in rows}


async def reservations_named(tx: Any, keys: Sequence[tuple[int, str]]) -> list[Reservation]:
    """Those with these (book, end-to-end id)."""
    rows = await tx.fetch(
        f"select {_RESERVATION} from reservation join unnest($1::int[], $2::text[]) k(book, name) using (book, name)", *columns(keys, 2)
    )
    return [_reservation(row) for row in rows]


async def asked_too_long(tx: Any, books: Sequence[int], now: datetime, limit: int = 100) -> list[Reservation]:
    """Those about which nobody asks the bank any more; `now` by the machine's clock."""
    rows = await tx.fetch(
        f"select {_RESERVATION} from reservation where book = any($1) and state = 'asking' and ask_until <= $2 order by ask_until limit $3",
        list(books),
        now,
        limit,
    )
    return [_reservation(row) for row in rows]


async def unsettled_reservations(tx: Any, limit: int) -> list[Reservation]:
    """Those of which the bank's word is awaited, over all books, the oldest first."""
    rows = await tx.fetch(
        f"select {_RESERVATION} from reservation where state in ('asking', 'unknown', 'releasing') order by ask_until, book, id limit $1",
        limit,
    )
    return [_reservation(row) for row in rows]


async def set_reservations(tx: Any, changed: Sequence[tuple[int, UUID, str, str, str]]) -> set[UUID]:
    """(book, authorisation, state before, state, reason); those of which it was the state before."""
    if not changed:
        return set()
    rows = await tx.fetch(
        "update reservation r set state = x.state, reason = x.reason"
        " from unnest($1::int[], $2::uuid[], $3::text[], $4::text[], $5::text[]) x(book, id, before, state, reason)"
        " where r.book = x.book and r.id = x.id and r.state = x.before returning r.id",
        *columns(changed, 5),
    )
    return {row["id"] for row in rows}


def _reservation(row: Any) -> Reservation:
    return Reservation(**{**row, "state": ReservationState(row["state"])})
