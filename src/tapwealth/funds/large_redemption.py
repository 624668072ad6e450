"""Large redemption (巨额赎回): a day's net redemption above a tenth of the fund's units of the day before.

The manager then pays in full, or accepts at least that tenth, pro rata over all who redeem, and the rest of each goes by the order's flag:
it is cancelled, or deferred to the next dealing day, without priority and at that day's price (CSRC, rules for the operation of publicly
offered funds). After two such days running it may pay what it has accepted as late as 20 working days. Units are 1/100.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date

from tapwealth.kernel.calendar import ONE_DAY, Calendar
from tapwealth.kernel.money import apportion

SHARE = 10
"""One unit in so many of the day before."""
LATEST = 20
"""Working days after the confirmation."""


def payable_until(confirmed_on: date, large: Set[date], calendar: Calendar) -> date | None:
    """The last day on which what was accepted may be paid, where that date is one of two large ones running or more; None: it is due as
    ever. `large`: the dates on which the answers to large days came, each the dealing day after."""
    neighbours = {calendar.last_dealing_day(confirmed_on - ONE_DAY), calendar.next_dealing_day(confirmed_on)}
    if confirmed_on not in large or not neighbours & large:
        return None
    day = confirmed_on
    for _ in range(LATEST):
        day = calendar.next_working_day(day)
    return day


@dataclass(frozen=True, slots=True)
class DayOfOrders:
    """What of a fund is redeemed and bought on a dealing day, switches included, and its units the dealing day before."""

    redeemed: int
    bought: int
    total_before: int

    @property
    def is_large(self) -> bool:
        return (self.redeemed - self.bought) * SHARE > self.total_before

    @property
    def least(self) -> int:
        """The units that have to be accepted at least: a tenth, in full where less is asked."""
        return min(self.redeemed, -(-self.total_before // SHARE))


def accepted(orders: Mapping[str, int], day: DayOfOrders, willing: int) -> dict[str, int]:
    """Each order's accepted units, by serial. On a large day `willing` units in all, never below the least nor above what is asked, shared
    out pro rata to the unit; on any other day all of them."""
    asked = sum(orders.values())
    assert asked == day.redeemed, "the orders are the day's"
    if not day.is_large or not orders:
        return dict(orders)
    return apportion(min(asked, max(willing, day.least)), orders)
