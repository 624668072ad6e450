"""A deposit at notice: when its money may be taken out, and what is earned by what is taken out, in the five cases of the law. Pure.

The rate posted for the notice is earned by what was notified for that very day, if it lay for as long as the notice and is not less than
the least withdrawal. All else earns the demand rate of that day: what was not notified, or for another day (early or late); what goes
beyond the notified amount; and what is short of it, which stays, and begins anew (Measures on Notice Deposits, PBoC 1999).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, StrEnum, auto
from typing import NamedTuple
from uuid import UUID

from tapwealth.deposits.interest import Segment, earned
from tapwealth.deposits.product import Notice
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import Refusal


class DepositNoticeRefusal(Enum):
    """In the order in which they are checked."""

    NO_NOTICE = auto()
    DAY_TAKEN = auto()
    TOO_LITTLE = auto()
    MORE_THAN_FREE = auto()
    LEAVES_TOO_LITTLE = auto()
    UNKNOWN_NOTICE = auto()
    NOTICE_OVER = auto()


class NoticeState(StrEnum):
    """The text is stored. One whose day has gone by without a withdrawal stays `given`, and is over."""

    GIVEN = "given"
    CANCELLED = "cancelled"
    USED = "used"


@dataclass(frozen=True, slots=True)
class GivenNotice:
    """That `amount` fen of a deposit will be taken out on `day`."""

    book: int
    id: UUID
    deposit: UUID
    amount: int
    given_on: date
    day: date
    state: NoticeState = NoticeState.GIVEN


class Layer(NamedTuple):
    """So many fen that lie there since that day."""

    amount: int
    first: date


class Rates(NamedTuple):
    """Millionths a year, posted on the day of a withdrawal: for the notice, and for demand deposits."""

    notice: int
    demand: int


def give(form: Notice, balance: int, standing: Sequence[GivenNotice], amount: int, today: date) -> date | Refusal:
    """The day on which it may be taken out. `standing`: the notices whose day has not gone by."""
    day = today + timedelta(days=form.days)
    if any(one.day == day for one in standing):
        return Refusal(DepositNoticeRefusal.DAY_TAKEN, f"a notice for {day} stands already; cancel it, or give the next tomorrow")
    free = max(0, balance - sum(one.amount for one in standing))
    if amount < min(form.least_withdrawal, free):
        return Refusal(DepositNoticeRefusal.TOO_LITTLE, f"the least withdrawal is {format_minor(form.least_withdrawal)} yuan; ask for more")
    if amount > free:
        return Refusal(DepositNoticeRefusal.MORE_THAN_FREE, f"{format_minor(free)} yuan are not under notice; ask for less")
    return _leaves(form, free - amount) or day


def _leaves(form: Notice, rest: int) -> Refusal | None:
    if 0 < rest < form.least_balance:
        text = f"{format_minor(rest)} yuan would be left, its least is {format_minor(form.least_balance)}; ask for less, or for all of it"
        return Refusal(DepositNoticeRefusal.LEAVES_TOO_LITTLE, text)
    return None


def may_take(form: Notice, balance: int, amount: int) -> Refusal | None:
    """Why so much cannot be taken out."""
    if amount > balance:
        return Refusal(DepositNoticeRefusal.MORE_THAN_FREE, f"{format_minor(balance)} yuan are in it; ask for less")
    return _leaves(form, balance - amount)


class Taken(NamedTuple):
    """What was earned, and what lies there after it, the oldest first."""

    interest: int
    layers: tuple[Layer, ...]


def take(form: Notice, layers: Sequence[Layer], amount: int, day: date, notified: int, rates: Rates) -> Taken:
    """So much taken out on that day, the oldest money first; `notified` fen were for that day (0: none). Its notice is used by it."""
    ripe = bool(layers) and (day - layers[0].first).days >= form.days and amount >= form.least_withdrawal
    inside = notified if ripe else 0
    short = max(0, min(inside, sum(layer.amount for layer in layers)) - amount)
    segments: list[Segment] = []
    kept: list[Layer] = []
    for layer in layers:
        held = (day - layer.first).days
        gone = min(layer.amount, amount)
        again = min(layer.amount - gone, short)
        kept += [Layer(layer.amount - gone - again, layer.first), Layer(again, day)]
        at_notice = min(gone, inside) if held >= form.days else 0
        at_demand = gone - at_notice + again
        amount, short, inside = amount - gone, short - again, inside - at_notice
        segments += [Segment(fen, rate, held) for fen, rate in ((at_notice, rates.notice), (at_demand, rates.demand)) if fen]
    return Taken(earned(segments), merged(kept))


def merged(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """By day, the oldest first, what lies since one day together."""
    days = sorted({layer.first for layer in layers if layer.amount})
    return tuple(Layer(sum(layer.amount for layer in layers if layer.first == day), day) for day in days)
