"""How a raise is sold: by arrival, to the last fen of its target and not one more. Pure rules over one offering.

Who arrives is asked in turn; what an earlier one takes is gone for a later one, however the arrivals are cut into batches. The one with
whom the target is reached gets what is left, even if it is less than was asked or than the minimum: so the target is sold whole, and nobody
passes another. Who is refused for a reason of their own takes nothing of it. Amounts are fen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum, auto
from typing import NamedTuple
from uuid import UUID

import msgspec

from tapwealth.kernel.money import checked, format_minor
from tapwealth.kernel.raised_order import Bounds, passed
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.kernel.units import WHOLE

_YEAR = 360
"""Days of a year of demand interest in China."""
ISSUE_PRICE = 10_000
"""1/10,000 yuan: a unit costs 1.0000 yuan in a raise, and there is no fee."""


class Offering(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A raise: from `opens_at` on, before `closes_at`. An order is at least `minimum`, in whole steps above it; a person has at most `cap`
    in all (0: no cap). With less than `least` raised by all who sell it the registrar does not form it, and the money goes back. Money
    that was accepted earns `rate` millionths a year until the fund is formed or has failed."""

    fund: str
    opens_at: datetime
    closes_at: datetime
    target: int
    minimum: int
    step: int
    cap: int
    least: int
    rate: int = 0


class Ended(StrEnum):
    """How a raise has ended, by the registrar's word."""

    NOT_YET = ""
    FORMED = "formed"
    FAILED = "failed"


class OfferingRefusal(Enum):
    """Why a raise cannot be put on the shelf, in the order in which they are checked."""

    UNKNOWN_FUND = auto()
    RAISE_EXISTS = auto()
    SOLD_ALREADY = auto()
    HAS_BEGUN = auto()


def interest(amount: int, rate: int, days: int) -> int:
    """Fen that money accepted so many days ago has earned, half up: principal x rate x actual days / 360, as demand deposits do."""
    return (2 * amount * rate * days + WHOLE * _YEAR) // (2 * WHOLE * _YEAR)


def check(one: Offering) -> None:
    """Raises BadInput for an offering that could not be sold as it stands."""
    if one.opens_at.tzinfo is None or one.closes_at.tzinfo is None:
        raise BadInput("an instant has no offset", where="opens_at, closes_at", hint="write it like 2013-10-28T14:00:00+08:00")
    if one.closes_at <= one.opens_at:
        raise BadInput("it closes before it opens", where="closes_at", hint="give a later instant")
    for name, amount in (("target", one.target), ("minimum", one.minimum), ("step", one.step), ("least", one.least)):
        checked(amount, where=name)
    if one.minimum > one.target:
        raise BadInput("an order of the minimum is more than the target", where="minimum", hint="give a lower minimum")
    if one.least > one.target:
        raise BadInput("more must be sold than can be", where="least", hint="give at most the target")
    checked(one.cap, where="cap", positive=False)
    if one.cap < 0 or 0 < one.cap < one.minimum:
        raise BadInput("nobody could order that little", where="cap", hint="0 means no cap; else give at least the minimum")
    if not 0 <= one.rate < WHOLE:
        raise BadInput("the rate lies outside 0 to 999999 millionths", where="rate", hint="0.35 percent a year are 3500")


class RaiseRefusal(Enum):
    """In the order in which they are checked."""

    NO_RAISE = auto()
    RAISE_OVER = auto()
    NOT_OPEN_YET = auto()
    BELOW_MINIMUM = auto()
    NOT_IN_STEPS = auto()
    ABOVE_CAP = auto()
    NO_MONEY = auto()
    SOLD_OUT = auto()


class Asked(NamedTuple):
    """Somebody's order, read at that instant; `available`: what their wallet holds for it."""

    person: UUID
    amount: int
    received_at: datetime
    available: int


@dataclass(frozen=True, slots=True)
class Sale:
    """What was sold before: in all, and to each person."""

    sold: int
    had: Mapping[UUID, int]


def sell(offering: Offering, before: Sale, arrivals: Sequence[Asked]) -> list[int | Refusal]:
    """Fen given to each, in order of arrival, or why nothing is. `available` is each one's before this list: a person's earlier order in it
    is taken off here."""
    left, had, spent = offering.target - before.sold, dict(before.had), dict[UUID, int]()
    answers: list[int | Refusal] = []
    for one in arrivals:
        refusal = _objection(offering, one, had.get(one.person, 0), one.available - spent.get(one.person, 0))
        if refusal is None and left == 0:
            refusal = Refusal(RaiseRefusal.SOLD_OUT, f"the raise of {offering.fund} is sold out; nothing was taken from your wallet")
        if refusal is not None:
            answers.append(refusal)
            continue
        given = min(one.amount, left)
        left -= given
        had[one.person] = had.get(one.person, 0) + given
        spent[one.person] = spent.get(one.person, 0) + given
        answers.append(given)
    return answers


def _objection(offering: Offering, one: Asked, had: int, available: int) -> Refusal | None:
    """What stands against an order whatever is left of the target."""
    if one.received_at >= offering.closes_at:
        return Refusal(RaiseRefusal.RAISE_OVER, f"the raise of {offering.fund} is over; look at the shelf for other funds")
    if one.received_at < offering.opens_at:
        return Refusal(RaiseRefusal.NOT_OPEN_YET, f"the raise of {offering.fund} has not opened yet; order again when it has")
    bound = passed(Bounds(offering.minimum, offering.step, offering.cap), one.amount, had, available)
    return None if bound is None else Refusal(RaiseRefusal[bound[0].name], bound[1])


class Standing(NamedTuple):
    """What the subscriptions of a raise come to: fen, how many, the sum of their numbers and the last, the numbers of those with less than
    they asked for, and the most fen that a person has."""

    fen: int
    subscriptions: int
    numbers: int
    last: int
    short: tuple[int, ...]
    most: int


def wrong(offering: Offering, sold: int, arrivals: int, are: Standing) -> list[str]:
    """What of a raise does not hold, in words: it counts what its subscriptions come to, they are numbered 1, 2, 3, …, none but the last
    one has less than it asked for, and that one only where the target is reached; nobody has more than the cap."""
    name, found = f"the raise of {offering.fund}", list[str]()
    if are.fen != sold:
        found.append(f"{name} counts {format_minor(sold)} yuan as sold, its subscriptions come to {format_minor(are.fen)}")
    if are.fen > offering.target:
        found.append(f"{name} has sold {format_minor(are.fen)} yuan of {format_minor(offering.target)}")
    if (are.subscriptions, are.last, 2 * are.numbers) != (arrivals, arrivals, arrivals * (arrivals + 1)):
        found.append(f"{name} counts {arrivals} arrivals, its subscriptions are {are.subscriptions}, the last one is number {are.last}")
    if are.short and (are.short != (are.last,) or are.fen != offering.target):
        early = ", ".join(map(str, are.short[:3]))
        found.append(f"{name} has given less than was asked to arrival {early}, though others came after or something is left")
    if offering.cap and are.most > offering.cap:
        found.append(f"{name} has given one person {format_minor(are.most)} yuan, at most {format_minor(offering.cap)} are allowed")
    return found
