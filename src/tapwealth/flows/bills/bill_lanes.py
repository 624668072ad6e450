"""Payments on their way to billers: taken when they are due, sent or asked about, outside any transaction.

The table of payments is its own list of what is to be done: `next_at` says when, and every payment that is not over has one, so that none
is forgotten. Whoever takes a payment marks it as sent, counts the attempt and holds it for a short lease, in one transaction for many; then
the biller is asked while no connection to the database is held; what it said goes to `bill_outcomes.hear`, again for many at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from tapwealth.bills import store
from tapwealth.bills.biller import AskArrears, BillerPort, Inquired, InquiryState, NotReceived, Paid, PaymentAnswer, Unknown, trusted
from tapwealth.bills.payment import PaymentEvent, PaymentState, next_state
from tapwealth.bills.schedule import LEASE, pause_after
from tapwealth.bills.store import BillRow, Key, PaymentRow
from tapwealth.flows.bills.bill_outcomes import Told, told
from tapwealth.flows.bills.bill_sealing import account_number_of
from tapwealth.flows.frame import House
from tapwealth.kernel.refusal import Outage

EVER = datetime(1970, 1, 1, tzinfo=UTC)
MOST_RESENT = 6
"""How often a payment is sent anew that the biller says it never received; after that its money goes back."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A payment that was taken, as it is since then, with its bill and the connection to its biller. `due_at`: when it was due."""

    row: PaymentRow
    bill: BillRow
    connection: str
    due_at: datetime

    @property
    def key(self) -> Key:
        return (self.row.book, self.row.id)

    @property
    def in_doubt(self) -> bool:
        """Whether the biller is asked what became of it, instead of being sent it."""
        return self.row.state is PaymentState.UNKNOWN


async def waiting(house: House, now: datetime, sends: Sequence[UUID] = (), asks: Sequence[UUID] = ()) -> tuple[list[UUID], list[UUID]]:
    """Billers to which something is to be sent by that instant of the machine's clock, and those to be asked; `sends` and `asks` are known
    to be among them."""
    async with house.database.read() as tx:
        return await store.waiting_at(tx, now, sends, asks)


async def take(house: House, biller: UUID, *, in_doubt: bool, now: datetime, limit: int, since: datetime = EVER) -> list[Errand]:
    """Up to `limit` payments of a biller that are due to be sent, or (`in_doubt`) asked about; they are the caller's for a lease.

    Who takes many, one list after another, says `since` when the last list was due: what lies before it was taken, and to step over all of
    that each time would cost the more the more there was."""
    async with house.database.transaction() as tx:
        due = await store.take_due(tx, list(house.all_books), biller, in_doubt=in_doubt, since=since, now=now, limit=limit)
        taken = [_taken(row, now) for row in due]
        await store.note_taken(tx, taken)
        bills = await store.bills(tx, [(row.book, row.bill) for row in taken])
        connection = await store.connection_of(tx, biller)
    return [Errand(row, bills[row.book, row.bill], connection, was.next_at or now) for row, was in zip(taken, due, strict=True)]


def _taken(row: PaymentRow, now: datetime) -> PaymentRow:
    state = next_state(row.state, PaymentEvent.SEND)
    assert isinstance(state, PaymentState), f"a payment that is over was due: {row.serial}"
    return replace(row, state=state, asked=row.asked + 1, next_at=now + LEASE)


async def renew(house: House, keys: Sequence[Key], now: datetime) -> None:
    """Whoever took these still waits for their billers."""
    async with house.database.transaction() as tx:
        await store.renew(tx, keys, now + LEASE)


async def set_aside(house: House, key: Key, why: str, now: datetime) -> None:
    """What was said of this payment cannot be written down: it is sent or asked about again after pauses that double, and operators see
    which it is and why."""
    async with house.database.transaction() as tx:
        held = (await store.hold_payments(tx, [key])).values()
        again = [replace(row, faults=row.faults + 1, next_at=now + pause_after(row.faults + 1)) for row in held if row.next_at]
        await store.note_faults(tx, again, why)


async def deliver(house: House, errand: Errand) -> Told:
    """Send the payment, or ask what became of it. What comes of it is a value, also where the biller cannot be reached."""
    try:
        port = house.rails.billers.at(errand.connection)
    except Outage as outage:
        return told(errand.key, Unknown(str(outage)))
    return await (_inquire(house, port, errand) if errand.in_doubt else _send(house, port, errand))


async def _send(house: House, port: BillerPort, errand: Errand) -> Told:
    row = errand.row
    return told(errand.key, await port.pay(row.serial, errand.bill.bill_number, account_number_of(house, errand.bill), row.amount))


async def _inquire(house: House, port: BillerPort, errand: Errand) -> Told:
    answer = await port.inquire_payment(errand.row.serial)
    if isinstance(answer, AskArrears):
        answer = await _by_arrears(house, port, errand)
    if not isinstance(answer, NotReceived):
        return told(errand.key, answer)
    if errand.row.resent >= MOST_RESENT:
        return Told(errand.key, PaymentEvent.GIVE_UP, "the biller never received it")
    return replace(await _send(house, port, errand), resent=True)


async def _by_arrears(house: House, port: BillerPort, errand: Errand) -> PaymentAnswer:
    account = account_number_of(house, errand.bill)
    said = await port.inquire(errand.row.serial, account)
    answer = said if isinstance(said, Unknown) else trusted(said, account)
    return answer if isinstance(answer, Unknown) else paid_by_arrears(answer, errand.bill.bill_number, errand.row.owed, errand.row.amount)


def paid_by_arrears(answer: Inquired, bill_number: str, owed: int, amount: int) -> PaymentAnswer:
    """What an account's arrears tell of a payment of `amount` of the fen `owed` then, whose answer was lost: a bill that is no longer owed
    was paid by it (the biller's serial comes with its day-end file), one that is owed as before was not reached by it. Anything else
    decides nothing."""
    if answer.state is InquiryState.UNKNOWN_ACCOUNT:
        return Unknown("the biller does not know the account", there=True)
    now = [one.balance for one in answer.bills if one.bill_id == bill_number]
    if not now or now[0] <= owed - amount:
        return Paid("")
    return NotReceived() if now[0] >= owed else Unknown("the bill is owed in part", there=True)
