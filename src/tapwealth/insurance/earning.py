"""How much of a premium is earned. Pure; amounts in fen, days of the Shanghai calendar.

A premium is earned evenly over the days that it pays for: at the end of a day the part for the days still to come is unearned, half-up to
the fen, and the rest earned, so that the two are the premium on every day. When a policy ends, what is not paid back is earned at once.
What an endorsement takes back is a premium below zero for the rest of its time.

Premiums of the same days and amount are one group, so that many policies are as quickly reckoned as one, and to the fen as if each were.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from tapwealth.kernel.money import half_up


@dataclass(frozen=True, slots=True)
class Group:
    """`count` premiums of `amount` fen, each for the days from `from_day` to before `to_day`; `commission` fen of each are the house's."""

    from_day: date
    to_day: date
    amount: int
    count: int = 1
    commission: int = 0


@dataclass(frozen=True, slots=True)
class Earned:
    """Fen at the end of a day; `premium` is what was taken on less what came back."""

    premium: int
    unearned: int
    commission: int = 0
    commission_unearned: int = 0

    @property
    def earned(self) -> int:
        return self.premium - self.unearned

    @property
    def commission_earned(self) -> int:
        return self.commission - self.commission_unearned


def days_left(from_day: date, to_day: date, day: date) -> int:
    """Of the days from `from_day` to before `to_day` those after `day`."""
    return max((to_day - max(day + timedelta(days=1), from_day)).days, 0)


def unearned_of(amount: int, from_day: date, to_day: date, day: date) -> int:
    """Of one premium at the end of a day."""
    return half_up(Fraction(amount * days_left(from_day, to_day, day), (to_day - from_day).days))


def unearned(groups: Iterable[Group], day: date) -> tuple[int, int]:
    """(of the premiums, of the commission on them) at the end of a day."""
    premium = commission = 0
    for one in groups:
        premium += one.count * unearned_of(one.amount, one.from_day, one.to_day, day)
        commission += one.count * unearned_of(one.commission, one.from_day, one.to_day, day)
    return premium, commission
