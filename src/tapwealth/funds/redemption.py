"""May this holder redeem so many units in the ordinary way, and may this order still be cancelled? Pure decisions.

Units that taps, earlier redemptions or an authority have set aside are not there to be redeemed, nor are those already sold. The arrival of
the request decides, and an order can be taken back until the cut-off of its dealing day: it has not left the house until then.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto

from tapwealth.funds.order_state import OrderState
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.purchase import dealing_date
from tapwealth.funds.store import Fund, FundAccount
from tapwealth.kernel.calendar import Calendar
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import Refusal


class RedemptionRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN_FUND = auto()
    NOT_REDEEMED_NOW = auto()
    NO_ACCOUNT = auto()
    NOT_ENOUGH_UNITS = auto()
    BELOW_LEAST_REDEMPTION = auto()
    BELOW_LEAST_HOLDING = auto()


@dataclass(frozen=True, slots=True)
class RedemptionFacts:
    """Units in 1/100: `held` in all, `free` of them less what is set aside, `frozen` of them by an authority. `least`, `least_left`: what
    the fund lets be redeemed and kept; who redeems everything may."""

    fund: Fund | None
    holder: FundAccount | None
    held: int
    free: int
    frozen: int = 0
    least: int = 0
    least_left: int = 0


def decide(facts: RedemptionFacts, units: int) -> Refusal | None:
    """None if the order may be placed."""
    if facts.fund is None:
        return Refusal(RedemptionRefusal.UNKNOWN_FUND, "this fund is not sold here; look at the shelf for those that are")
    if not facts.fund.status.redeems:
        text = f"{facts.fund.code} is {facts.fund.status.words[1]} by its registrar's word; redeem it when it is open again"
        return Refusal(RedemptionRefusal.NOT_REDEEMED_NOW, text)
    if facts.holder is None or facts.holder.state != "open":
        text = "the registrar has not opened this fund account yet; wait for its confirmation"
        return Refusal(RedemptionRefusal.NO_ACCOUNT, text)
    if units > facts.free:
        return Refusal(RedemptionRefusal.NOT_ENOUGH_UNITS, f"{_short(facts, units)}; give less")
    left = facts.free - units + facts.frozen  # what is set aside for payments and earlier redemptions is as good as gone
    if left and units < facts.least:
        text = f"{format_minor(units)} units are asked, at least {format_minor(facts.least)} can be redeemed; give more, or all"
        return Refusal(RedemptionRefusal.BELOW_LEAST_REDEMPTION, text)
    if 0 < left < facts.least_left:
        text = f"{format_minor(left)} units would be left, at least {format_minor(facts.least_left)} must be; give less, or all"
        return Refusal(RedemptionRefusal.BELOW_LEAST_HOLDING, text)
    return None


def _short(facts: RedemptionFacts, units: int) -> str:
    text = f"{format_minor(units)} units are asked, {format_minor(facts.free)} can be redeemed"
    aside = facts.held - facts.free - facts.frozen
    why = [f"{format_minor(facts.frozen)} are frozen by an authority, ask the bank"] if facts.frozen else []
    why += [f"{format_minor(aside)} more are set aside for payments or earlier redemptions"] if aside else []
    return f"{text} ({'; '.join(why)})" if why else text


class CancelRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN_ORDER = auto()
    DONE_AT_ONCE = auto()
    SUBSCRIBED = auto()
    NOT_TAKEN_BACK = auto()
    ALREADY_ENDED = auto()
    PAST_CUT_OFF = auto()


AT_ONCE = "098"
"""Fast transfers: the money has moved with the command."""
SUBSCRIPTION = "020"
TAKEN_BACK = ("022", "024", "036", "039")
"""What a customer has ordered and may take back: purchases, redemptions, switches."""
AUTHORITYS = ("031", "032")
"""An authority's freeze is no order of the customer's."""


def may_cancel(order: OrderRow | None, fund: Fund | None, calendar: Calendar, received_at: datetime, cut: date | None) -> Refusal | None:
    """None if the order may be taken back by a request read at that instant."""
    if order is None or fund is None or order.business_code in AUTHORITYS:
        return Refusal(CancelRefusal.UNKNOWN_ORDER, "there is no such order of yours; take its number from the answer that placed it")
    if order.business_code == AT_ONCE:
        return Refusal(CancelRefusal.DONE_AT_ONCE, "this money was there at once; buy units again if you want them back")
    if order.business_code == SUBSCRIPTION:
        text = (
            "a subscription stands once it is placed, since others were refused for it; its money comes back only if the fund is not formed"
        )
        return Refusal(CancelRefusal.SUBSCRIBED, text)
    if order.business_code not in TAKEN_BACK:
        text = "only purchases, redemptions and switches are taken back; choose dividends anew once this is answered, or ask the bank"
        return Refusal(CancelRefusal.NOT_TAKEN_BACK, text)
    if order.state != OrderState.PLACED:
        return Refusal(CancelRefusal.ALREADY_ENDED, f"this order is {order.state} and cannot be cancelled; place another one the other way")
    if dealing_date(calendar, fund, received_at, cut) > order.dealing_date:
        text = f"the cut-off of {order.dealing_date} at {fund.cut_off_hour}:00 has passed, and the order goes to the registrar"
        return Refusal(CancelRefusal.PAST_CUT_OFF, f"{text}; place another one the other way when it is confirmed")
    return None
