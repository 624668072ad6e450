"""A campaign: for a time, a sponsor adds its own money to what a money fund earns its holders. It is no return of the fund.

A holder's part of the campaign is reckoned over all of its days so far: units × days × rate ÷ 365, cut off to the fen, and never more than
the campaign gives a holder. Each day adds what is missing to that, so that nobody loses by small units. Where less is left than all are to
have, what is left is shared out in proportion, and what is missing follows if the sponsor pays more in.
"""

from collections.abc import Mapping
from datetime import date
from enum import Enum, auto
from typing import NamedTuple
from uuid import UUID

import msgspec

from tapwealth.kernel.money import apportion

RATE_SCALE = 1_000_000
DAYS_OF_YEAR = 365


class CampaignRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN_FUND = auto()
    NOT_A_MONEY_FUND = auto()
    CAMPAIGN_EXISTS = auto()
    HAS_BEGUN = auto()


class CampaignTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`rate`: millionths a year, of units of `fund` that earn on a day from `first_day` to `last_day`. Caps in fen, over all days. The
    sponsor pays in under `code`, and gets back on its account what is left over."""

    code: str
    fund: str
    name: str
    name_en: str
    sponsor: str
    sponsor_account: str
    first_day: date
    last_day: date
    rate: int
    holder_cap: int
    total_cap: int


class Campaign(CampaignTerms, frozen=True):
    """What two operators decided."""

    id: UUID

    def runs_on(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day


class Standing(NamedTuple):
    """A holder in a campaign: 1/100 units summed over the days that earned, and the fen granted so far."""

    unit_days: int = 0
    granted: int = 0

    def after(self, units: int) -> "Standing":
        """With one more day of so many units."""
        return Standing(self.unit_days + units, self.granted)


def earned(campaign: Campaign, unit_days: int) -> int:
    """Fen that a holder is to have had by then, at 1.0000 a unit.

    >>> from datetime import date
    >>> from uuid import UUID
    >>> of = Campaign("S", "000198", "", "", "", "", date(2014, 3, 1), date(2014, 3, 31), 20_000, 50_00, 10_000_00, UUID(int=1))
    >>> earned(of, 10_000_00), earned(of, 30 * 10_000_00), earned(of, 365 * 10_000_00)
    (54, 1643, 5000)
    """
    return min(campaign.rate * unit_days // (RATE_SCALE * DAYS_OF_YEAR), campaign.holder_cap)


def grants(campaign: Campaign, holders: Mapping[str, Standing], could: int) -> dict[str, int]:
    """What each is granted today, by trading account, of `could` fen that there are; only those who are granted something. `holders`: with
    today's units. Their order does not matter."""
    wanted = {key: missing for key, one in holders.items() if (missing := earned(campaign, one.unit_days) - one.granted) > 0}
    if sum(wanted.values()) > could:
        wanted = {key: share for key, share in apportion(max(could, 0), wanted).items() if share}
    return wanted
