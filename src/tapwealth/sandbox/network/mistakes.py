"""What the network makes of an item that it was presented: as a rule that item with its fees, else what a planned fault makes of it.

The network finds its mistakes by itself: with the next date's file it takes back what was wrong and gives what is right. What it gave for
less, or for a little more, it holds to be right.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from tapwealth.kernel.clock import business_date_of
from tapwealth.sandbox.faults import Fault, PlannedFault
from tapwealth.wire.clearing_file import Item, ItemKind

OTHER_ACQUIRER = "01020000"
"""Whose terminals nobody here knows."""
_NEXT = timedelta(days=1)
_LATE = timedelta(days=7)
"""By how much an item is late if the plan does not say until when: as long as a sale's money is held."""
_TAKEN_BACK_BY = {ItemKind.PRESENTMENT: ItemKind.REVERSAL, ItemKind.REFUND: ItemKind.REFUND_REVERSAL}


class Cleared(NamedTuple):
    """An item, and the date with whose file it goes out, at the earliest."""

    due: date
    item: Item


def cleared(one: Item, day: date, planned: PlannedFault | None) -> list[Cleared]:
    """What goes out for an item that was presented under `day`, in order; fees are still to be reckoned."""
    make = None if planned is None else _MAKE.get(planned.fault)
    return [Cleared(day, one)] if planned is None or make is None else make(one, day, planned)


def _lower(one: Item, day: date, _: PlannedFault) -> list[Cleared]:
    return [Cleared(day, replace(one, amount=one.amount - one.amount // 4))]


def _higher(one: Item, day: date, _: PlannedFault) -> list[Cleared]:
    return [Cleared(day, replace(one, amount=one.amount + one.amount // 10))]


def _too_high(one: Item, day: date, _: PlannedFault) -> list[Cleared]:
    wrong = replace(one, amount=2 * one.amount)
    return [Cleared(day, wrong), Cleared(day + _NEXT, _taken_back(wrong)), Cleared(day + _NEXT, one)]


def _doubled(one: Item, day: date, _: PlannedFault) -> list[Cleared]:
    return [Cleared(day, one), Cleared(day, one), Cleared(day + _NEXT, _taken_back(one))]


def _missing(one: Item, day: date, _: PlannedFault) -> list[Cleared]:
    return [Cleared(day + _NEXT, one)]


def _late(one: Item, day: date, planned: PlannedFault) -> list[Cleared]:
    return [Cleared(business_date_of(planned.until) if planned.until else day + _LATE, one)]


def _never_authorised(one: Item, day: date, _: PlannedFault) -> list[Cleared]:
    foreign = replace(
        one, kind=ItemKind.PRESENTMENT, rrn=_number(one, "another's sale", 12), acquirer=OTHER_ACQUIRER, merchant_number="898290059990001",
        terminal_number="99000001", stan=_number(one, "trace", 6), authorisation_code=_number(one, "code", 6), original_rrn="",
    )  # fmt: skip
    return [Cleared(day, one), Cleared(day, foreign), Cleared(day + _NEXT, _taken_back(foreign))]


def _unasked_refund(one: Item, day: date, _: PlannedFault) -> list[Cleared]:
    refund = replace(
        one, kind=ItemKind.REFUND, rrn=_number(one, "refund", 12), stan=_number(one, "refund trace", 6),
        authorisation_code=_number(one, "refund code", 6), original_rrn=one.rrn,
    )  # fmt: skip
    return [Cleared(day, one), Cleared(day, refund), Cleared(day + _NEXT, _taken_back(refund))]


def _taken_back(wrong: Item) -> Item:
    return replace(wrong, kind=_TAKEN_BACK_BY[wrong.kind])


def _number(one: Item, what: str, digits: int) -> str:
    """A number of so many digits that follows from the item and from what it is for."""
    digest = hashlib.sha256(f"{what}|{'|'.join(one.key)}".encode()).hexdigest()
    return f"{int(digest, 16) % 10**digits:0{digits}d}"


_MAKE: dict[Fault, Callable[[Item, date, PlannedFault], list[Cleared]]] = {
    Fault.LOWER: _lower,
    Fault.HIGHER: _higher,
    Fault.TOO_HIGH: _too_high,
    Fault.DOUBLE: _doubled,
    Fault.LOSE: _missing,
    Fault.DELAY: _late,
    Fault.NEVER_AUTHORISED: _never_authorised,
    Fault.UNASKED_REFUND: _unasked_refund,
}
