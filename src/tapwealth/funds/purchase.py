"""May this holder buy that much of the fund? A pure decision; arrival decides the dealing day, however long the rest takes."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto

from tapwealth.funds.store import Fund, SalesChannel
from tapwealth.kernel.calendar import Calendar
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import Refusal

_YUAN = 100


class PurchaseRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN_FUND = auto()
    NOT_VERIFIED = auto()
    RISK_TOO_HIGH = auto()
    BELOW_MINIMUM = auto()
    ABOVE_ORDER_CAP = auto()
    ABOVE_HOLDING_CAP = auto()
    NO_MONEY = auto()


WEALTH_CLASS = 3
"""The only identity class that may buy wealth products from its balance (PBoC 2015 No. 43)."""


@dataclass(frozen=True, slots=True)
class PurchaseFacts:
    """What is known of fund, channel and holder. `held` in fen at 1.0000, orders under way included; `level` is the identity class."""

    fund: Fund | None
    channel: SalesChannel | None
    level: int
    suitable: Refusal | None
    held: int
    available: int


def decide(facts: PurchaseFacts, amount: int) -> Refusal | None:
    """None if the order may be placed."""
    fund, channel = facts.fund, facts.channel
    if fund is None or channel is None:
        return Refusal(PurchaseRefusal.UNKNOWN_FUND, "this fund is not sold here; look at the shelf for those that are")
    if channel.own and facts.level < WEALTH_CLASS:
        text = f"your identity is verified to class {facts.level}; buying funds needs class {WEALTH_CLASS}: verify over five channels"
        return Refusal(PurchaseRefusal.NOT_VERIFIED, text)
    if facts.suitable is not None:
        return Refusal(PurchaseRefusal.RISK_TOO_HIGH, facts.suitable.text)
    if amount < channel.minimum_purchase:
        text = f"{format_minor(amount)} yuan is below the least purchase of {format_minor(channel.minimum_purchase)}"
        return Refusal(PurchaseRefusal.BELOW_MINIMUM, text)
    if channel.order_cap and amount > channel.order_cap:
        text = f"{format_minor(amount)} yuan is above the greatest order of {format_minor(channel.order_cap)}; split it over days"
        return Refusal(PurchaseRefusal.ABOVE_ORDER_CAP, text)
    if channel.holding_cap and facts.held + amount > channel.holding_cap:
        text = f"you would hold {format_minor(facts.held + amount)} yuan; at most {format_minor(channel.holding_cap)} is possible"
        return Refusal(PurchaseRefusal.ABOVE_HOLDING_CAP, text)
    if amount > facts.available:
        text = f"{format_minor(amount)} yuan is asked, {format_minor(facts.available)} is there; move money in first"
        return Refusal(PurchaseRefusal.NO_MONEY, text)
    return None


def dealing_date(calendar: Calendar, fund: Fund, received_at: datetime) -> date:
    """The dealing day T of an order read at that instant: up to the fund's cut-off of a dealing day, exclusive; else the next one."""
    return calendar.dealing_date(received_at, fund.cut_off_hour)
