"""The life of a raise of the bank's: subscribed, cancelled, over, allotted, formed or given back, and what it pays. Pure; amounts are fen,
rates millionths a year.

By arrival who comes is asked in turn, and the one with whom the target is reached gets what is left, even if it is less than was asked or
than the minimum: then the raise is over. Pro rata everybody is taken, and when the raise is over whole steps are shared out in proportion
to what was asked: the allotments come to the target, nobody gets more than asked, and who came when does not matter: equal remainders are
decided by a lot that follows from the subscription's id.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum, StrEnum, auto
from typing import NamedTuple
from uuid import UUID

from tapwealth.deposits.raise_product import Allotment, WealthParameters
from tapwealth.kernel.calendar import Calendar
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.money import apportion, format_minor
from tapwealth.kernel.raised_order import Bounds, passed
from tapwealth.kernel.refusal import Refusal
from tapwealth.kernel.units import WHOLE

YEAR = 365
"""Days of a year in what a wealth product gains; a year of demand interest has 360."""
_YEAR_OF_INTEREST, _YUAN = 360, 100
_INSTANT, _A_DAY = timedelta(microseconds=1), timedelta(days=1)


class Ended(StrEnum):
    """How a raise has ended; the text is stored."""

    NOT_YET = ""
    FORMED = "formed"
    FAILED = "failed"


class State(StrEnum):
    """Of a subscription; the text is stored."""

    SUBSCRIBED = "subscribed"
    CANCELLED = "cancelled"
    ALLOTTED = "allotted"
    """Formed; what was not allotted, and the interest of the raise, have not been given back yet."""
    RUNNING = "running"
    FAILED = "failed"
    """Not formed, not given back yet."""
    BACK = "back"
    """Given back: the raise failed, or nothing was allotted."""
    PAID = "paid"


class WealthRefusal(Enum):
    """Why nobody is sold or given back anything, in the order in which it is checked."""

    UNKNOWN_PRODUCT = auto()
    UNKNOWN_SUBSCRIPTION = auto()
    TERMS_NOT_CONFIRMED = auto()
    SOLD_OUT = auto()
    RAISE_OVER = auto()
    NOT_OPEN_YET = auto()
    BELOW_MINIMUM = auto()
    NOT_IN_STEPS = auto()
    ABOVE_CAP = auto()
    NO_MONEY = auto()
    AMOUNT_DIFFERS = auto()
    ALREADY_CANCELLED = auto()
    LAST_DAY = auto()
    NOT_FORMED = auto()
    MATURED = auto()


class WealthShelfRefusal(Enum):
    """Why a raise is not put on the shelf, or not taken off it by one person."""

    RAISE_EXISTS = auto()
    HAS_BEGUN = auto()


@dataclass(frozen=True, slots=True)
class Raise:
    """A raise and how it stands. `sold`: fen asked for by who has not cancelled (by arrival: given); `arrivals`: how many have been taken;
    `full_at`: the target was reached by arrival; `closed_at`: the bank has closed it early. Once over: `ended`, the day on which it begins
    to earn, and that on which it matures. `yields`: what the bank pays, None while that is what was expected."""

    product: str
    version: int
    opens_at: datetime
    closes_at: datetime
    terms: WealthParameters
    sold: int = 0
    arrivals: int = 0
    full_at: datetime | None = None
    closed_at: datetime | None = None
    ended: Ended = Ended.NOT_YET
    begins_on: date | None = None
    matures_on: date | None = None
    yields: int | None = None

    @property
    def over_at(self) -> datetime:
        """From then on it takes nothing more, as far as is known."""
        return min(one for one in (self.closes_at, self.full_at, self.closed_at) if one is not None)

    @property
    def last_day(self) -> date:
        """The last day on which somebody could subscribe."""
        early = [business_date_of(one) for one in (self.full_at, self.closed_at) if one is not None]
        return min([business_date_of(self.closes_at - _INSTANT), *early])

    @property
    def rate(self) -> int:
        """Millionths a year that it pays."""
        return self.terms.expected if self.yields is None else self.yields

    @property
    def left(self) -> int:
        """Fen that can still be given by arrival."""
        return max(0, self.terms.target - self.sold)


class Asked(NamedTuple):
    """Somebody's order, read at that instant; `had`: what they have in this raise, `available`: what their wallet holds."""

    amount: int
    received_at: datetime
    had: int
    available: int


def subscribe(one: Raise, asked: Asked) -> int | Refusal:
    """Fen that are taken, or why nothing is."""
    terms, amount = one.terms, asked.amount
    by_arrival = terms.allotment is Allotment.ARRIVAL
    if by_arrival and one.full_at is not None:
        return Refusal(WealthRefusal.SOLD_OUT, f"the raise of {one.product} is sold out; nothing was taken from your wallet")
    if asked.received_at >= one.over_at or one.ended is not Ended.NOT_YET:
        return Refusal(WealthRefusal.RAISE_OVER, f"the raise of {one.product} is over; look at the shelf for what is sold now")
    if asked.received_at < one.opens_at:
        return Refusal(WealthRefusal.NOT_OPEN_YET, f"the raise of {one.product} has not opened yet; order again when it has")
    bound = passed(Bounds(terms.minimum, terms.step, terms.cap), amount, asked.had, asked.available)
    if bound is not None:
        return Refusal(WealthRefusal[bound[0].name], bound[1])
    return min(amount, one.left) if by_arrival else amount


def fills(one: Raise, given: int) -> bool:
    """Whether with so much more it is full and over: by arrival alone."""
    return one.terms.allotment is Allotment.ARRIVAL and one.sold + given == one.terms.target


def cancel(one: Raise, state: State, received_at: datetime) -> Refusal | None:
    """Why a subscription is not taken back; None: it is. On the last day nobody takes back what others were refused for."""
    if state is State.CANCELLED:
        return Refusal(WealthRefusal.ALREADY_CANCELLED, "this subscription was cancelled before; its money is in your wallet")
    if one.full_at is not None or received_at >= one.over_at or one.ended is not Ended.NOT_YET:
        return Refusal(WealthRefusal.RAISE_OVER, f"the raise of {one.product} is over: it cannot be cancelled any more")
    if business_date_of(received_at) >= one.last_day:
        text = f"{one.last_day} is the last day of the raise of {one.product}, on which nothing is cancelled any more"
        return Refusal(WealthRefusal.LAST_DAY, text)
    return None


def close_early(one: Raise, now: datetime) -> Refusal | None:
    """Why the bank does not close it now; None: it does."""
    if now < one.opens_at:
        return Refusal(WealthRefusal.NOT_OPEN_YET, f"the raise of {one.product} has not opened yet; close the product in the catalogue")
    if now >= one.over_at or one.ended is not Ended.NOT_YET:
        return Refusal(WealthRefusal.RAISE_OVER, f"the raise of {one.product} is over already; there is nothing to close")
    return None


def set_yield(one: Raise, *, paid: bool) -> Refusal | None:
    """Why it is not said now what the product pays; None: it is. `paid`: it has matured, and is being paid."""
    if one.ended is not Ended.FORMED:
        return Refusal(WealthRefusal.NOT_FORMED, f"{one.product} is not formed; what it pays is said once it is")
    if paid:
        return Refusal(WealthRefusal.MATURED, f"{one.product} matured on {one.matures_on}; what it pays was said by then")
    return None


# ---- when it is over


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ends: formed from `begins_on` until `matures_on`, or failed. Interest of the raise is for the days before `begins_on`."""

    ended: Ended
    begins_on: date | None
    matures_on: date | None


def ending(one: Raise) -> Ending:
    """What follows from a raise that is over: with enough money it begins on the day after its last one."""
    if one.sold < one.terms.least:
        return Ending(Ended.FAILED, None, None)
    begins = one.last_day + _A_DAY
    return Ending(Ended.FORMED, begins, begins + timedelta(days=one.terms.days))


def allot(target: int, step: int, asked: Mapping[UUID, int]) -> dict[UUID, int]:
    """Pro rata: what each is given of the target, in whole steps. All that was asked where that is not above the target."""
    if sum(asked.values()) <= target:
        return dict(asked)
    lots = {_lot(one): one for one in asked}
    shares = apportion(target // step, {lot: asked[one] // step for lot, one in lots.items()})
    return {lots[lot]: steps * step for lot, steps in shares.items()}


def _lot(subscription: UUID) -> str:
    """Decides between equal remainders; nobody can tell beforehand whom it favours, and coming early does not help."""
    return hashlib.sha256(b"lot" + subscription.bytes).hexdigest() + subscription.hex


class Counted(NamedTuple):
    """What the subscriptions of a raise come to: how many there have been, the last arrival, fen given and not cancelled, and allotted; the
    arrivals of those who were given less than they asked for."""

    subscriptions: int
    last: int
    given: int
    allotted: int
    short: tuple[int, ...]


def wrong(one: Raise, are: Counted, *, allotted: bool) -> list[str]:
    """What of a raise does not hold, in words: it counts what its subscriptions come to; by arrival none but the last one has less than it
    asked for, and that one only where the target is reached; what is allotted comes to the target, or to all that was asked."""
    name, target, found = f"the raise of {one.product}", one.terms.target, list[str]()
    if are.given != one.sold:
        found.append(f"{name} counts {format_minor(one.sold)} yuan as sold, its subscriptions come to {format_minor(are.given)}")
    if (are.subscriptions, are.last) != (one.arrivals, one.arrivals):
        found.append(f"{name} counts {one.arrivals} arrivals, its subscriptions are {are.subscriptions}, the last is number {are.last}")
    if one.terms.allotment is Allotment.ARRIVAL and are.given > target:
        found.append(f"{name} has sold {format_minor(are.given)} yuan of {format_minor(target)}")
    if are.short and (are.short != (are.last,) or are.given != target):
        found.append(f"{name} has given less than was asked to arrival {are.short[0]}, though others came after or something is left")
    due = min(one.sold, target) if one.ended is Ended.FORMED else 0
    if allotted and are.allotted != due:
        found.append(f"{name} has allotted {format_minor(are.allotted)} yuan where {format_minor(due)} were to be")
    return found


# ---- what it pays


def gain(principal: int, rate: int, days: int) -> int:
    """Fen: principal x rate x actual days / 365, half up."""
    return (2 * principal * rate * days + WHOLE * YEAR) // (2 * WHOLE * YEAR)


def raise_interest(amount: int, rate: int, days: int) -> int:
    """Fen that so much earns at the demand rate while it is raised: whole yuan x rate x days / 360, half up. Not added to the principal."""
    earning = amount - amount % _YUAN
    return (2 * earning * rate * days + WHOLE * _YEAR_OF_INTEREST) // (2 * WHOLE * _YEAR_OF_INTEREST)


def working_days_after(calendar: Calendar, day: date, within: int) -> date:
    """The last of so many working days after that day; the day itself for none."""
    for _ in range(within):
        day = calendar.next_working_day(day)
    return day


def credit_day(calendar: Calendar, matures_on: date, within: int, back_on: date) -> date:
    """When principal and gain are credited: so many working days after maturity, and not before the raise's own money has gone back, on the
    working day after it: what matures within a holiday waits for that day."""
    return max(working_days_after(calendar, matures_on, within), back_on)
