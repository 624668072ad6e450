"""A policy's life: states, events, dates, and what comes back of the premium. Pure.

Cover runs from the start of `from_day` to the start of `to_day`; a premium covers the year up to `paid_until` (the first day it does not
pay for). The day of a cancellation is still covered.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, StrEnum, auto
from fractions import Fraction
from itertools import pairwise
from uuid import UUID

from tapwealth.insurance.product import DAYS_OF_A_YEAR, CancellationRule, Every, PolicyParameters, Product
from tapwealth.kernel.money import half_up
from tapwealth.kernel.refusal import Refusal
from tapwealth.kernel.units import WHOLE


class PolicyState(StrEnum):
    """Where a policy stands."""

    QUOTED = "quoted"
    """Premium taken from the buyer, the insurer asked."""
    ISSUED = "issued"
    """The insurer has it; cover has not begun."""
    IN_FORCE = "in_force"
    SUSPENDED = "suspended"
    """The grace period has passed unpaid; can be reinstated."""
    LAPSED = "lapsed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    CLAIMED = "claimed"


class Rescission(StrEnum):
    """What the insurer rescinds a policy for (Insurance Law articles 16 and 32)."""

    ON_PURPOSE = "on_purpose"
    """An answer that was untrue on purpose: nothing is owed of the policy, not even for what happened before."""
    NEGLIGENCE = "negligence"
    AGE = "age"
    """Outside the product's range."""


class PolicyEvent(StrEnum):
    """What can happen to it."""

    ISSUE = "issue"
    REFUSE = "refuse"
    """The insurer does not take it."""
    BEGIN = "begin"
    CANCEL = "cancel"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    LAPSE = "lapse"
    EXPIRE = "expire"
    CLAIM = "claim"


class PolicyRefusal(Enum):
    """Why something cannot be done with a policy, in the order in which it is looked at."""

    NOT_ISSUED = auto()
    OVER = auto()
    NOT_POSSIBLE_NOW = auto()
    NO_FREE_LOOK = auto()
    FREE_LOOK_OVER = auto()


@dataclass(frozen=True, slots=True)
class Policy:
    """One contract on a version of a product; `premium` in fen a year, for an instalment, or for all of a shorter one. `policy_number` is
    the insurer's, empty until it is issued; `received_on` the day on which the policyholder had it."""

    id: UUID
    book: int
    policyholder: UUID
    product: str
    version: int
    premium: int
    from_day: date
    to_day: date
    paid_until: date
    issued_on: date | None
    state: PolicyState
    policy_number: str = ""
    received_on: date | None = None


_S, _E = PolicyState, PolicyEvent
_LIVES = frozenset({_S.ISSUED, _S.IN_FORCE, _S.SUSPENDED})
_MOVES = {
    (_S.QUOTED, _E.ISSUE): _S.ISSUED,
    (_S.QUOTED, _E.REFUSE): _S.CANCELLED,
    (_S.ISSUED, _E.ISSUE): _S.ISSUED,
    (_S.ISSUED, _E.BEGIN): _S.IN_FORCE,
    (_S.ISSUED, _E.CANCEL): _S.CANCELLED,
    (_S.IN_FORCE, _E.ISSUE): _S.IN_FORCE,
    (_S.IN_FORCE, _E.BEGIN): _S.IN_FORCE,
    (_S.IN_FORCE, _E.CANCEL): _S.CANCELLED,
    (_S.IN_FORCE, _E.SUSPEND): _S.SUSPENDED,
    (_S.IN_FORCE, _E.EXPIRE): _S.EXPIRED,
    (_S.IN_FORCE, _E.CLAIM): _S.CLAIMED,
    (_S.SUSPENDED, _E.SUSPEND): _S.SUSPENDED,
    (_S.SUSPENDED, _E.CANCEL): _S.CANCELLED,
    (_S.SUSPENDED, _E.REINSTATE): _S.IN_FORCE,
    (_S.SUSPENDED, _E.LAPSE): _S.LAPSED,
    (_S.SUSPENDED, _E.EXPIRE): _S.EXPIRED,
    (_S.SUSPENDED, _E.CLAIM): _S.CLAIMED,
}
"""The same state again: it was known already."""


def next_state(state: PolicyState, event: PolicyEvent) -> PolicyState | Refusal:
    """Where the event leads. Total over all pairs."""
    if (state, event) in _MOVES:
        return _MOVES[state, event]
    if state is _S.QUOTED:
        return Refusal(PolicyRefusal.NOT_ISSUED, "the insurer has not issued the policy yet; wait for its answer")
    if state not in _LIVES:
        return Refusal(PolicyRefusal.OVER, f"the policy is {state} already")
    return Refusal(PolicyRefusal.NOT_POSSIBLE_NOW, f"{event} is not possible while the policy is {state}")


def anniversary(day: date, years: int) -> date:
    """The same day so many years later; 1 March for 29 February in a common year."""
    year = day.year + years
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def period_begins(every: Every, from_day: date, number: int) -> date:
    """The first day of the period of that number, from 0. A month that lacks the day begins on its last one, a year that lacks it on
    1 March."""
    if every is Every.YEAR:
        return anniversary(from_day, number)
    month = from_day.month - 1 + number * every.months
    year, month = from_day.year + month // 12, month % 12 + 1
    return date(year, month, min(from_day.day, monthrange(year, month)[1]))


def _begun(every: Every, from_day: date, day: date) -> int:
    months = (day.year - from_day.year) * 12 + day.month - from_day.month
    return day.year - from_day.year if every is Every.YEAR else months // every.months


def periods_of(every: Every, from_day: date, to_day: date) -> int:
    """How many premiums a policy is paid by, from `from_day` to before `to_day`. What begins on 29 February ends with 28 February, and no
    month is begun for that day alone."""
    by_months = every is not Every.YEAR and (from_day.month, from_day.day) == (2, 29) and (to_day.month, to_day.day) == (3, 1)
    last = to_day - timedelta(days=1) if by_months else to_day
    number = _begun(every, from_day, last)
    return number + 1 if period_begins(every, from_day, number) < last else number


def period_of(every: Every, from_day: date, to_day: date, number: int) -> date:
    """As `period_begins`; the last period ends with the last day of cover."""
    return to_day if number >= periods_of(every, from_day, to_day) else period_begins(every, from_day, number)


def periods_until(every: Every, from_day: date, to_day: date, first_day: date) -> int:
    """The number of the period that begins on `first_day`; of them all where that is `to_day`."""
    return periods_of(every, from_day, to_day) if first_day >= to_day else _begun(every, from_day, first_day)


def every_of(from_day: date, to_day: date, paid_until: date) -> Every:
    """For how long a premium pays, of a policy of which one is paid."""
    return next((one for one in Every if min(period_begins(one, from_day, 1), to_day) == paid_until), Every.YEAR)


def cover_of(product: Product, from_day: date) -> tuple[date, date]:
    """(to_day, paid_until) of a policy that begins on `from_day` with one premium paid."""
    if product.terms.days is not None:
        return (from_day + timedelta(days=product.terms.days),) * 2
    return anniversary(from_day, product.terms.years), period_begins(product.terms.every, from_day, 1)


def free_look_until(product: Product, received_on: date) -> date | None:
    """The last day of the free look; None if the product has none. It counts from the day on which the policyholder has the policy, which
    is not counted itself, and not from that of the issue: nobody can look at what has not come."""
    return received_on + timedelta(days=product.terms.free_look_days) if product.terms.free_look_days else None


def cancel_in_free_look(product: Product, policy: Policy, on: date) -> int | Refusal:
    """Fen that come back when the free look is used on that day: what was paid less the product's small cost."""
    until = None if policy.received_on is None else free_look_until(product, policy.received_on)
    if until is None:
        return Refusal(PolicyRefusal.NO_FREE_LOOK, f"{product.name} has no free look; it can be cancelled for the unearned part")
    if on > until:
        return Refusal(PolicyRefusal.FREE_LOOK_OVER, f"the free look ended on {until}; the policy can be cancelled for the unearned part")
    paid = policy.premium * periods_until(product.terms.every, policy.from_day, policy.to_day, policy.paid_until)
    return back_in_free_look(product.terms, paid)


def back_in_free_look(terms: PolicyParameters, paid: int) -> int:
    """Fen of so many that were paid: less the product's cost, nothing where no more than that was paid."""
    return max(paid - terms.free_look_cost, 0)


def unearned_premium(product: Product, policy: Policy, on: date) -> int:
    """Fen that come back by the product's cancellation rule: premium × days left / 365 of each year that is paid for and not over; of a
    shorter policy, an instalment, and less the loading, / its days; half-up to the fen."""
    every, rule = product.terms.every, product.terms.cancellation
    by_years = every is Every.YEAR and rule is CancellationRule.UNEARNED
    days = product.terms.days or (DAYS_OF_A_YEAR if by_years else None)
    first_day_not_used = max(on + timedelta(days=1), policy.from_day)
    paid = periods_until(every, policy.from_day, policy.to_day, policy.paid_until)
    bounds = [min(period_of(every, policy.from_day, policy.to_day, number), policy.paid_until) for number in range(paid + 1)]
    share = Fraction(0)
    for begin, end in pairwise(bounds):
        of = days or max((end - begin).days, 1)
        share += Fraction(min(max((end - max(begin, first_day_not_used)).days, 0), of), of)
    if rule is CancellationRule.UNEARNED_LESS_LOADING:
        share *= 1 - Fraction(product.terms.loading, WHOLE)
    return half_up(policy.premium * share)


def refund_of(product: Product, policy: Policy, on: date) -> int | Refusal:
    """What a cancellation on that day brings back: by the free look while it lasts, else the unearned part; or why it cannot be."""
    moved = next_state(policy.state, PolicyEvent.CANCEL)
    if isinstance(moved, Refusal):
        return moved
    free = cancel_in_free_look(product, policy, on)
    return unearned_premium(product, policy, on) if isinstance(free, Refusal) else free
