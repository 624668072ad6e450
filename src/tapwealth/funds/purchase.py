"""May this holder buy that much of the fund? A pure decision; arrival decides the dealing day, however long the rest takes."""

from datetime import date, datetime
from enum import Enum, auto
from typing import NamedTuple

from tapwealth.funds.store import Fund, FundAccount, Holder, SalesChannel
from tapwealth.kernel.calendar import Calendar
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import Refusal


class PurchaseRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN_FUND = auto()
    NOT_SOLD_NOW = auto()
    NOT_VERIFIED = auto()
    RISK_TOO_HIGH = auto()
    ACCOUNT_REFUSED = auto()
    BELOW_MINIMUM = auto()
    ABOVE_DAY_CAP = auto()
    ABOVE_HOLDING_CAP = auto()
    NO_MONEY = auto()


class PurchaseFacts(NamedTuple):
    """What is known of fund, channel and holder, in fen: units count at 1.0000, or at the last NAV known. `barred`: why this person may buy
    no wealth products, `too_risky`: why not this one; `ineligible`: why it is not for
    them; `held`: orders under way included; `ordered`: orders of the same dealing day;
    `holder` None: not known to the registrar yet."""

    fund: Fund | None
    channel: SalesChannel | None
    barred: str | None
    too_risky: str | None
    holder: FundAccount | Holder | None
    ordered: int
    held: int
    available: int
    ineligible: Refusal | None = None


def decide(facts: PurchaseFacts, amount: int) -> Refusal | None:
    """None if the order may be placed."""
    fund, channel = facts.fund, facts.channel
    if fund is None or channel is None:
        return Refusal(PurchaseRefusal.UNKNOWN_FUND, "this fund is not sold here; look at the shelf for those that are")
    if not fund.on_sale:
        text = f"{fund.code} is not on sale; look at the shelf for funds that are"
        return Refusal(PurchaseRefusal.NOT_SOLD_NOW, text)
    if not fund.status.sells:
        text = f"{fund.code} is {fund.status.words[1]} by its registrar's word; buy it when it is open again, or another one"
        return Refusal(PurchaseRefusal.NOT_SOLD_NOW, text)
    refusal = not_for(facts.barred, facts.ineligible, facts.too_risky, facts.holder)
    return _beyond(channel, facts, amount) if refusal is None else refusal


def not_for(barred: str | None, ineligible: Refusal | None, too_risky: str | None, holder: FundAccount | Holder | None) -> Refusal | None:
    """Why somebody may not have units of a fund at all."""
    if barred is not None:
        return Refusal(PurchaseRefusal.NOT_VERIFIED, barred)
    if ineligible is not None:
        return ineligible
    if too_risky is not None:
        return Refusal(PurchaseRefusal.RISK_TOO_HIGH, too_risky)
    if holder is not None and holder.state == "refused":
        text = f"the registrar has refused this fund account ({holder.reason or 'without a reason'}); ask the bank"
        return Refusal(PurchaseRefusal.ACCOUNT_REFUSED, text)
    return None


def _beyond(channel: SalesChannel, facts: PurchaseFacts, amount: int) -> Refusal | None:
    """The channel's parameters, and the money."""
    if amount < channel.minimum_purchase:
        text = f"{format_minor(amount)} yuan is below the least purchase of {format_minor(channel.minimum_purchase)}"
        return Refusal(PurchaseRefusal.BELOW_MINIMUM, text)
    if channel.day_cap and facts.ordered + amount > channel.day_cap:
        day_cap = format_minor(channel.day_cap)
        text = f"that would be {format_minor(facts.ordered + amount)} yuan for one dealing day; at most {day_cap} is possible"
        return Refusal(PurchaseRefusal.ABOVE_DAY_CAP, text)
    if channel.holding_cap and facts.held + amount > channel.holding_cap:
        text = f"you would hold {format_minor(facts.held + amount)} yuan; at most {format_minor(channel.holding_cap)} is possible"
        return Refusal(PurchaseRefusal.ABOVE_HOLDING_CAP, text)
    if amount > facts.available:
        text = f"{format_minor(amount)} yuan is asked, {format_minor(facts.available)} is there; move money in first"
        return Refusal(PurchaseRefusal.NO_MONEY, text)
    return None


def dealing_date(calendar: Calendar, fund: Fund, received_at: datetime, cut: date | None) -> date:
    """The dealing day T of an order read at that instant: up to the fund's cut-off of a dealing day, exclusive; else the next one. The
    orders of a day that is `cut` have left: what comes for it still goes with the next."""
    day = calendar.dealing_date(received_at, fund.cut_off_hour)
    return day if cut is None or day > cut else calendar.next_dealing_day(cut)
