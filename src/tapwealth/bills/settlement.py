"""When a biller gets its money: the day after, once a week, or once a month. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID


class Cycle(StrEnum):
    """Each ends with a business date; what was paid until then goes to the biller's bank account on the next."""

    NEXT_DAY = "next_day"
    WEEKLY = "weekly"
    """Monday to Sunday."""
    MONTHLY = "monthly"
    """The calendar month."""

    def first_of(self, day: date) -> date:
        """The first date of the cycle in which `day` lies."""
        match self:
            case Cycle.NEXT_DAY:
                return day
            case Cycle.WEEKLY:
                return day - timedelta(days=day.weekday())
            case Cycle.MONTHLY:
                return day.replace(day=1)

    def ends_on(self, day: date) -> bool:
        """Whether a cycle's last date is `day`."""
        return self.first_of(day + timedelta(days=1)) > day


@dataclass(frozen=True, slots=True)
class Settlement:
    """What was settled with a biller at the end of `day`, in fen: `gross` of so many payments, less our `fee`, and what stood on its
    account besides (`brought_forward`: a payout that its bank sent back) make the `payout`."""

    biller: UUID
    day: date
    first: date
    payments: int
    gross: int
    fee: int
    brought_forward: int
    payout: int
