"""May a premium be taken, and of what? Pure decisions about premiums of later years and about who lets them be collected; fen."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, auto

from tapwealth.insurance.policy import PolicyState
from tapwealth.insurance.schedule import GRACE_AFTER_CLAIM, Due, Schedule, Standing, dues, next_due, standing
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import Refusal

AHEAD = timedelta(days=30)
"""So long before it is due a premium can be paid by hand."""


class PremiumRefusal(Enum):
    """In the order in which it is looked at."""

    UNKNOWN_POLICY = auto()
    UNDER_WAY = auto()
    NOT_IN_FORCE = auto()
    COVER_SUSPENDED = auto()
    NOTHING_DUE = auto()
    PREMIUM_DIFFERS = auto()
    UNKNOWN_FUND = auto()
    ABOVE_LIMIT = auto()
    NO_MONEY = auto()
    NO_MANDATE = auto()
    NOT_OWED = auto()
    DEMANDED_ALREADY = auto()


UNKNOWN_POLICY = Refusal(PremiumRefusal.UNKNOWN_POLICY, "this is no policy of yours; look at your list")
NO_SUCH = Refusal(PremiumRefusal.UNKNOWN_POLICY, "there is no such policy; check its id")
UNDER_WAY = Refusal(PremiumRefusal.UNDER_WAY, "the insurer is being asked about this policy; wait for its answer")
CLAIMED = Refusal(
    PremiumRefusal.UNDER_WAY,
    "a claim is looked at with which the policy would end, so nothing is to be paid now; if nothing comes of it there are"
    f" {GRACE_AFTER_CLAIM.days} days for it at least",
)


def payable(schedule: Schedule, state: PolicyState, day: date) -> tuple[Due, ...] | Refusal:
    """What can be paid by hand on a day: all that is due, or else the next premium if it is due soon."""
    if state not in (PolicyState.ISSUED, PolicyState.IN_FORCE, PolicyState.SUSPENDED):
        return Refusal(PremiumRefusal.NOT_IN_FORCE, f"the policy is {state}; nothing is paid for it any more")
    if state is PolicyState.SUSPENDED or standing(schedule, day) in (Standing.SUSPENDED, Standing.LAPSED):
        return Refusal(PremiumRefusal.COVER_SUSPENDED, "cover is suspended; reinstate the policy to have it again")
    owed = dues(schedule, day)
    if owed:
        return owed
    due = next_due(schedule)
    if due is None:
        return Refusal(PremiumRefusal.NOTHING_DUE, f"nothing more is due; the policy is paid for to {schedule.to_day}")
    if day < due.on - AHEAD:
        return Refusal(PremiumRefusal.NOTHING_DUE, f"the next premium is due on {due.on}; it can be paid from {due.on - AHEAD} on")
    return (due,)


@dataclass(frozen=True, slots=True)
class TakeFacts:
    """`amount` is asked; so much is `available` in the wallet and `from_fund` (None: there is no such fund). `above_limit`: why so much may
    not be paid from the balance. `most`: what was agreed to be collected at a time; None: it is paid by hand."""

    amount: int
    available: int
    from_fund: int | None = 0
    above_limit: str | None = None
    most: int | None = None


def take(facts: TakeFacts) -> int | Refusal:
    """Fen that funds pay of it: what the wallet does not hold."""
    if facts.from_fund is None:
        return Refusal(PremiumRefusal.UNKNOWN_FUND, "this fund is not sold here; look at the shelf for those that are")
    if facts.most is not None and facts.amount > facts.most:
        text = f"{format_minor(facts.amount)} yuan is more than the {format_minor(facts.most)} that you agreed to; pay it by hand"
        return Refusal(PremiumRefusal.PREMIUM_DIFFERS, text)
    if facts.above_limit is not None:
        return Refusal(PremiumRefusal.ABOVE_LIMIT, facts.above_limit)
    there = max(facts.available, 0) + facts.from_fund
    if facts.amount > there:
        text = f"{format_minor(facts.amount)} yuan is due, {format_minor(there)} is there; move money in first"
        return Refusal(PremiumRefusal.NO_MONEY, text)
    return max(facts.amount - max(facts.available, 0), 0)
