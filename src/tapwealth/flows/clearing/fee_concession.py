"""A network fee that differs from the tariff's and that no item takes back: two of the bank's people concede it, and the house bears it.

Where the network has taken too little it is the house's gain. What was disputed with the item itself is no matter of this: the network
takes that back.
"""

from enum import Enum, auto
from uuid import UUID

import msgspec

from tapwealth.clearing import entries, store
from tapwealth.clearing.store import Dispute
from tapwealth.flows.clearing.network_items import FEE_DIFFERS
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, must_post
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.database import Tx


class ConcessionRefusal(Enum):
    """Why a fee cannot be conceded."""

    NO_FEE_DISPUTED = auto()


class ProposeFeeConcession(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`dispute` as /view/network lists it; `reason` says what the network has answered."""

    dispute: UUID
    reason: str


def check(command: ProposeFeeConcession) -> None:
    """Raises BadInput where no reason is given."""
    if not command.reason.strip():
        raise BadInput("a concession needs its reason", where="reason", hint="say what the network has answered")


async def not_disputed(tx: Tx, one: ProposeFeeConcession) -> Refusal | None:
    """Why it could not be conceded as things stand."""
    found = await _disputed(tx, one)
    return found if isinstance(found, Refusal) else None


async def concede(house: House, tx: Tx, at: Moment, one: ProposeFeeConcession) -> Refusal | None:
    """Book it as the house's fee; it is disputed no longer."""
    found = await _disputed(tx, one)
    if isinstance(found, Refusal):
        return found
    day, actor = at.date_of(at.now), await actor_number(tx, HOUSE_BOOK, PLATFORM)
    await must_post(house, tx, at, [entries.conceded(found.id, found.due, day, actor)])
    await store.set_mended(tx, [found.id], day)
    return None


async def _disputed(tx: Tx, one: ProposeFeeConcession) -> Dispute | Refusal:
    for dispute in await store.open_disputes(tx):
        if (dispute.id, dispute.why) == (one.dispute, FEE_DIFFERS):
            return dispute
    text = "no network fee is disputed under this id; /view/network lists what is, and what is disputed with its item is taken back by one"
    return Refusal(ConcessionRefusal.NO_FEE_DISPUTED, text)
