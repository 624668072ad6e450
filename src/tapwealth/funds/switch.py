"""May these units become those of another fund of the same registrar? A pure decision.

A switch redeems in the one fund and buys in the other, on one dealing day and without money on the way: what stands against either stands
against it. What the units will be worth is not known yet; caps and least amounts go by the last NAV.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto

from tapwealth.funds import purchase, redemption
from tapwealth.funds.purchase import PurchaseFacts, dealing_date
from tapwealth.funds.redemption import RedemptionFacts
from tapwealth.funds.store import Fund
from tapwealth.kernel.calendar import Calendar
from tapwealth.kernel.refusal import Refusal


class SwitchRefusal(Enum):
    """In the order in which they are checked, before what a redemption there and a purchase here could be refused for."""

    SAME_FUND = auto()
    OTHER_REGISTRAR = auto()


@dataclass(frozen=True, slots=True)
class SwitchFacts:
    """What is known of the fund that is left and of the one that is entered; `worth` of the units in fen, at the last NAV known."""

    leaves: RedemptionFacts
    enters: PurchaseFacts
    worth: int


def decide(facts: SwitchFacts, units: int) -> Refusal | None:
    """None if the order may be placed."""
    left, entered = facts.leaves.fund, facts.enters.fund
    if left is not None and entered is not None:
        if left.code == entered.code:
            return Refusal(SwitchRefusal.SAME_FUND, f"these units are of {left.code} already; name another fund to go into")
        if left.registrar != entered.registrar:
            text = f"{left.code} and {entered.code} have different registrars; redeem the one, then buy the other"
            return Refusal(SwitchRefusal.OTHER_REGISTRAR, text)
    return redemption.decide(facts.leaves, units) or purchase.decide(facts.enters, facts.worth)


def switch_date(calendar: Calendar, left: Fund, entered: Fund, received_at: datetime, cut: date | None) -> date:
    """The dealing day of both: before the cut-off of either, else the next one."""
    return max(dealing_date(calendar, one, received_at, cut) for one in (left, entered))
