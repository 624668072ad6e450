"""What a customer's bank holds for taps: asked for outside any transaction, given up by the outbox until the bank has said so.

`ask` is the edge's: it holds no database connection, and an answer that has not come in time is the value `UNKNOWN`, which is never taken
for a yes or a no: what the bank may hold is given up, under its name, until it has answered that. The name follows from the tap and the
mandate, so that asking again is the same reservation.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from tapwealth.bank import mandate_store
from tapwealth.bank.reservation import Allowance, Reservation, ReservationOrder, ReservationSaid, ReservationState
from tapwealth.flows.bank.payments import end_to_end
from tapwealth.flows.frame import HOUSE_BOOK, House
from tapwealth.issuing.store import Authorisation
from tapwealth.kernel.clock import machine_now, seconds, shanghai
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.refusal import Outage
from tapwealth.storage import outbox
from tapwealth.storage.outbox import OutboxMessage

RESERVATIONS = "reservations"
"""The outbox destination."""
PATIENCE_MS = 3_000
"""How long a bank may take, by the machine's clock: a terminal waits for 60 seconds, its customer for less."""
GIVEN_UP_AFTER = timedelta(seconds=15)
"""When nobody asks any more, whatever has become of the process that did, by the machine's clock."""
_MOST_SHOWN = 100
LATE_CLEARING = timedelta(days=1)
"""The bank holds it longer than we do: clearing tells it to debit on the day after."""


@dataclass(frozen=True, slots=True)
class AskBank:
    """In place of an answer: the customer's bank is to be asked first."""

    book: int
    id: UUID
    order: ReservationOrder


@dataclass(frozen=True, slots=True)
class BankAnswer:
    """What the bank has said to it."""

    book: int
    id: UUID
    said: ReservationSaid


async def ask(house: House, asked: AskBank) -> BankAnswer:
    """Raises nothing: who does not answer is `UNKNOWN`."""
    try:
        async with asyncio.timeout(seconds(PATIENCE_MS)):
            said = await house.rails.mandates.reserve(asked.order)
    except TimeoutError:
        said = unknown(f"the bank has not answered within {PATIENCE_MS} ms")
    except Outage as outage:
        said = unknown(str(outage))
    return BankAnswer(asked.book, asked.id, said)


def unknown(why: str) -> ReservationSaid:
    return ReservationSaid(ReservationState.UNKNOWN, why)


async def begin(tx: Any, asked: Sequence[tuple[Authorisation, Allowance]]) -> None:
    """Keep what the bank is going to be asked."""
    if not asked:
        return
    until = machine_now() + GIVEN_UP_AFTER
    await mandate_store.add_reservations(tx, [_reservation(row, allowance, until) for row, allowance in asked])


def name_of(row: Authorisation, mandate: UUID) -> str:
    """The end-to-end id at the bank. Terminals begin to count anew, and another person's card may come under the same numbers: the mandate
    tells them apart. It does not depend on the book."""
    return end_to_end("TAP", named(shanghai(row.business_date), HOUSE_BOOK, f"reservation:{row.key}:{mandate}"))


def _reservation(row: Authorisation, allowance: Allowance, ask_until: datetime) -> Reservation:
    return Reservation(
        book=row.book,
        id=row.id,
        name=name_of(row, allowance.mandate),
        mandate=allowance.mandate,
        person=row.person,
        amount=row.card_amount,
        business_date=row.business_date,
        state=ReservationState.ASKING,
        reason="",
        ask_until=ask_until,
        held_until=(row.held_until or row.received_at) + LATE_CLEARING,
    )


async def to_ask(tx: Any, rows: Sequence[Authorisation]) -> dict[UUID, AskBank]:
    """By authorisation, for those whose bank is being asked. No statement if there are none."""
    found = await mandate_store.reservations(tx, [(row.book, row.id) for row in rows if row.state == "asking_bank"])
    return {one.id: AskBank(one.book, one.id, one.order) for one in found.values()}


async def settle(tx: Any, answers: Sequence[tuple[Reservation, ReservationSaid]]) -> None:
    """Keep what the bank said; what is unknown is given up."""
    heard = [(one.book, one.id, ReservationState.ASKING, said.state, said.reason) for one, said in answers]
    await mandate_store.set_reservations(tx, heard)
    await outbox.put(tx, [_giving_up(one.book, one.id) for one, said in answers if said.state is ReservationState.UNKNOWN])


async def give_up(tx: Any, rows: Sequence[Authorisation], why: str) -> None:
    """The money is wanted no longer. What the bank is being asked for is unknown from here on. No statement for taps without a card."""
    keys = [(row.book, row.id) for row in rows if row.card_amount]
    changed = [(*key, ReservationState.ASKING, ReservationState.UNKNOWN, why) for key in keys]
    changed += [(*key, ReservationState.HELD, ReservationState.RELEASING, why) for key in keys]
    done = await mandate_store.set_reservations(tx, changed)
    await outbox.put(tx, [_giving_up(book, identifier) for book, identifier in keys if identifier in done])


def _giving_up(book: int, identifier: UUID) -> OutboxMessage:
    return OutboxMessage(book, derived(identifier, "give up reservation"), RESERVATIONS, "give_up", {"authorisation": str(identifier)})


async def deliver(house: House, message: OutboxMessage) -> None:
    """Tell the bank to give it up. Raises Outage while it has not answered."""
    key = (message.book, UUID(message.payload["authorisation"]))
    async with house.database.read() as tx:
        one = (await mandate_store.reservations(tx, [key]))[key[1]]
    await house.rails.mandates.release(one.name)
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [message.book])
        states = (ReservationState.UNKNOWN, ReservationState.RELEASING)
        await mandate_store.set_reservations(tx, [(*key, state, ReservationState.RELEASED, one.reason) for state in states])


class OpenReservation(msgspec.Struct, frozen=True):
    """What a customer's bank may hold, and has not answered yet; `name` is the end-to-end id by which to ask it."""

    name: str
    amount: int
    business_date: date
    state: str
    reason: str


async def still_open(tx: Any) -> list[OpenReservation]:
    """For operations, the oldest first, at most a hundred."""
    return [
        OpenReservation(one.name, one.amount, one.business_date, one.state.value, one.reason)
        for one in await mandate_store.unsettled_reservations(tx, _MOST_SHOWN)
    ]


async def allowances(tx: Any, people: Sequence[tuple[int, UUID, date]]) -> dict[UUID, Allowance]:
    """By person, for those whose wallet and fund do not suffice for what they ask on a date. No statement if there are none."""
    return await mandate_store.allowances(tx, people) if people else {}
