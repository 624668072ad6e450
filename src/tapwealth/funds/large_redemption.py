"""Large redemption (巨额赎回): a day's net redemption above a tenth of the fund's units of the day before.

The manager then pays in full, or accepts at least that tenth, pro rata over all who redeem, and the rest of each goes by the order's flag:
it is cancelled, or deferred to the next dealing day, without priority and at that day's price (CSRC, rules for the operation of publicly
offered funds). Units are 1/100.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tapwealth.kernel.money import apportion

SHARE = 10
"""One unit in so many of the day before."""


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
