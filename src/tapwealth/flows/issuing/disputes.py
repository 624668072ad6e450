"""A customer says that a payment by phone was not theirs.

The day on which they say so first is what insurance looks back from; whether the money comes back is another matter. Nobody is asked for
more than which payment it is, and the card stays as it is: the customer may stop it.
"""

from datetime import date, datetime
from enum import Enum, auto
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tapwealth.flows.customers.people import who
from tapwealth.flows.frame import Envelope, House, Moment, once
from tapwealth.flows.issuing.tap import CLAIMABLE
from tapwealth.issuing import dispute_store, store
from tapwealth.issuing.dispute_store import TapDispute
from tapwealth.issuing.store import Authorisation
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage.database import Tx

PAID = ("approved", "captured")
"""The states of an authorisation whose money has gone, or is about to."""


class DisputeRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN_TAP = auto()
    NOT_PAID = auto()


class DisputeTap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say that this payment of one's card was made by somebody else."""

    tap: UUID


class TapDisputed(msgspec.Struct, frozen=True):
    """`amount` fen, paid with the card `masked_card` at that merchant; `reported_on` is the day on which it was said first."""

    tap: str
    amount: int
    merchant_number: str
    reported_on: str


async def dispute(house: House, envelope: Envelope, command: DisputeTap) -> TapDisputed | Refusal:
    """Take note, once; said again it keeps its first day."""
    book, person = who(envelope)

    async def act(tx: Tx, _at: Moment, _actor: int) -> TapDisputed | Refusal:
        tap = await own_tap(tx, book, person, command.tap)
        if isinstance(tap, Refusal):
            return tap
        one = TapDispute(book, tap.id, person, business_date_of(envelope.received_at), envelope.received_at)
        await dispute_store.add_dispute(tx, one)
        said = await dispute_store.dispute(tx, book, tap.id)
        assert said is not None
        return TapDisputed(str(tap.id), tap.captured_amount or tap.amount, tap.merchant_number, str(said.reported_on))

    return await once(house, [book], envelope, command, act, TapDisputed)


class Disputable(NamedTuple):
    """A payment by a card, fen; `disputed_on`: the day on which it was said first to be somebody else's."""

    tap: UUID
    paid_at: datetime
    amount: int
    merchant_number: str
    state: str
    disputed_on: date | None


async def disputable(tx: Any, book: int, person: UUID, before: UUID | None, limit: int) -> list[Disputable]:
    """Payments by cards of this person of which money has gone or is about to, the newest first."""
    rows = await store.paid_by(tx, book, person, [kind.value for kind in CLAIMABLE], before, limit)
    said = await dispute_store.disputes(tx, book, [row.id for row in rows])
    return [
        Disputable(row.id, row.received_at, row.captured_amount or row.amount, row.merchant_number, row.state, said.get(row.id))
        for row in rows
    ]


async def own_tap(tx: Tx, book: int, person: UUID, identifier: UUID) -> Authorisation | Refusal:
    """A payment that was made with a card of this person."""
    tap = (await store.by_id(tx, [(book, identifier)])).get(identifier)
    if tap is None or tap.person != person or tap.kind not in CLAIMABLE:
        return Refusal(DisputeRefusal.UNKNOWN_TAP, "this is no payment by a card of yours; look at your statement")
    if tap.state not in PAID:
        return Refusal(DisputeRefusal.NOT_PAID, f"nothing was paid: this payment is {tap.state}")
    return tap
