"""Payments on their way to billers: taken when they are due, sent or asked about, outside any transaction.

The table of payments is its own list of what is to be done: `next_at` says when, and every payment that is not over has one, so that none
is forgotten. Whoever takes a payment marks it as sent, counts the attempt and holds it for a short lease, in one transaction for many; then
the biller is asked while no connection to the database is held; what it said goes to `bill_outcomes.hear`, again for many at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from tapwealth.bills import store
from tapwealth.bills.bill import ALL_BILLS, NO_BILL
from tapwealth.bills.biller import AskArrears, BillerPort, Inquired, InquiryState, NotReceived, Paid, PaymentAnswer, Unknown, trusted
from tapwealth.bills.payment import PaymentEvent, PaymentState, next_state
from tapwealth.bills.schedule import LEASE, pause_after
from tapwealth.bills.store import Key, PaymentRow
from tapwealth.flows.bills.bill_outcomes import Told, told
from tapwealth.flows.bills.bill_sealing import inputs_of, numbers_of
from tapwealth.flows.bills.errand import Errand
from tapwealth.flows.frame import House
from tapwealth.kernel.clock import machine_now
from tapwealth.kernel.refusal import Outage
from tapwealth.storage.database import Tx, after_commit

EVER = datetime(1970, 1, 1, tzinfo=UTC)
MOST_RESENT = 6
"""How often a payment is sent anew that the biller says it never received; after that its money goes back."""


def handed_over(house: House, errands: Sequence[Errand]) -> list[PaymentRow]:
    """The rows of payments that are being placed. Those for which this process has room at their billers are taken from the start: once the
    transaction is committed they are on their way, and if it dies first they are due when their lease is over. The others are due now."""
    sender = house.bill_senders[-1] if house.bill_senders else None
    room = {biller: sender.room(biller) if sender else 0 for biller in {one.row.biller for one in errands}}
    now, taken, later = machine_now(), list[Errand](), list[PaymentRow]()
    for one in errands:
        room[one.row.biller] -= 1
        if room[one.row.biller] < 0:
            later.append(one.row)
        else:
            taken.append(replace(one, row=_taken(one.row, now)))
    if sender and taken:
        after_commit(partial(sender.hand, taken))
    if later:
        after_commit(partial(house.bills_placed.ring, {row.biller for row in later}))
    return [*(one.row for one in taken), *later]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Of a biller's payments to be sent, or of those in doubt, up to so many. Who takes many, one list after another, says `since` when the
    last list was due: what lies before it was taken, and to step over all of that each time would cost the more the more there was."""

    biller: UUID
    in_doubt: bool
    limit: int
    since: datetime = EVER


async def next_due(house: House) -> list[tuple[UUID, bool, datetime]]:
    """Of every biller with open payments: when one is due next to be sent, and (True) to be asked about, by the machine's clock."""
    async with house.database.look() as tx:
        return await store.next_due(tx)


async def take(house: House, wanted: Sequence[Wanted], now: datetime) -> list[Errand]:
    """What is due of these lists, the longest due first in each; it is the caller's for a lease."""
    async with house.database.transaction() as tx:
        due = [*await _due(house, tx, wanted, now, in_doubt=False), *await _due(house, tx, wanted, now, in_doubt=True)]
        taken = [_taken(row, now) for row in due]
        await store.note_taken(tx, taken, now + LEASE)
        bills = await store.bills(tx, [(row.book, row.bill) for row in taken])
        by = await store.connections_of(tx, list({row.biller for row in taken}))
    return [Errand(row, bills[row.book, row.bill], by[row.biller], was.next_at or now) for row, was in zip(taken, due, strict=True)]


async def _due(house: House, tx: Tx, wanted: Sequence[Wanted], now: datetime, *, in_doubt: bool) -> list[PaymentRow]:
    lists = [store.Wanted(one.biller, one.limit, one.since) for one in wanted if one.in_doubt is in_doubt]
    return await store.take_due(tx, list(house.all_books), lists, in_doubt=in_doubt, now=now) if lists else []


def _taken(row: PaymentRow, now: datetime) -> PaymentRow:
    state = next_state(row.state, PaymentEvent.SEND)
    assert isinstance(state, PaymentState), f"a payment that is over was due: {row.serial}"
    return row._replace(state=state, asked=row.asked + 1, next_at=now + LEASE)


async def renew(house: House, keys: Sequence[Key], now: datetime) -> None:
    """Whoever took these still waits for their billers."""
    async with house.database.transaction() as tx:
        await store.renew(tx, keys, now + LEASE)


async def set_aside(house: House, key: Key, why: str, now: datetime) -> None:
    """What was said of this payment cannot be written down: it is sent or asked about again after pauses that double, and operators see
    which it is and why."""
    async with house.database.transaction() as tx:
        held = (await store.hold_payments(tx, [key])).values()
        again = [row._replace(faults=row.faults + 1, next_at=now + pause_after(row.faults + 1)) for row in held if row.next_at]
        await store.note_faults(tx, again, why)


async def deliver(house: House, errand: Errand) -> Told:
    """Send the payment, or ask what became of it. What comes of it is a value, also where the biller cannot be reached."""
    try:
        port = house.rails.billers.at(errand.connection)
    except Outage as outage:
        return told(errand.key, Unknown(str(outage)))
    return await (_inquire(house, port, errand) if errand.in_doubt else _send(house, port, errand))


async def _send(house: House, port: BillerPort, errand: Errand) -> Told:
    row, (account, further) = errand.row, inputs_of(house, errand.bill)
    return told(errand.key, await port.pay(row.serial, errand.bill.bill_number, account, row.amount, further))


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
    account, further = inputs_of(house, errand.bill)
    said = await port.inquire(errand.row.serial, account, further)
    answer = said if isinstance(said, Unknown) else trusted(said, account)
    covered = numbers_of(house, errand.bill)
    if covered and isinstance(answer, Inquired):  # a bill that has come since is not paid by it
        answer = replace(answer, bills=tuple(one for one in answer.bills if one.bill_id in covered))
    return answer if isinstance(answer, Unknown) else paid_by_arrears(answer, errand.bill.bill_number, errand.row.owed, errand.row.amount)


def paid_by_arrears(answer: Inquired, bill_number: str, owed: int, amount: int) -> PaymentAnswer:
    """What an account's arrears tell of a payment of `amount` of the fen `owed` then, whose answer was lost: a bill that is no longer owed
    was paid by it (the biller's serial comes with its day-end file), one that is owed as before was not reached by it; the same of all
    bills in one sum. Anything else decides nothing."""
    if answer.state is InquiryState.UNKNOWN_ACCOUNT:
        return Unknown("the biller does not know the account", there=True)
    if bill_number == NO_BILL:
        return Unknown("arrears tell nothing of money in advance", there=True)
    now = [one.balance for one in answer.bills if bill_number in (one.bill_id, ALL_BILLS)]
    if not now or sum(now) <= owed - amount:
        return Paid("")
    return NotReceived() if sum(now) >= owed else Unknown("the bill is owed in part", there=True)
