"""May this person pay that bill with so much? A pure decision."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from tapwealth.bills.bill import Bill
from tapwealth.bills.biller import BillerItem
from tapwealth.bills.payment import PaymentState
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import Refusal

PAID = frozenset({PaymentState.PAID, PaymentState.LATE_SUCCESS})


class PayRefusal(Enum):
    """In the order in which they are checked; between UNDER_WAY and ABOVE_LIMIT come those of the biller's item (`BillRefusal`)."""

    UNKNOWN_FUND = auto()
    NOT_PRESENTED = auto()
    PAID_ALREADY = auto()
    UNDER_WAY = auto()
    ABOVE_LIMIT = auto()
    NO_MONEY = auto()


@dataclass(frozen=True, slots=True)
class PayFacts:
    """`bill` and `item` are None for a bill that was not presented to this person; `live` is the state of its payment that was not given
    back; `over` says why nobody begins to pay there; `above_limit` why the class of the account does not allow it; `available` fen are in
    the wallet. `from_fund` fen may come of the fund that was named, None if there is no such fund. `fee` fen are paid on top."""

    bill: Bill | None
    item: BillerItem | None
    live: PaymentState | None
    above_limit: str | None
    available: int
    from_fund: int | None = 0
    over: Refusal | None = None
    fee: int = 0


def decide(facts: PayFacts, amount: int, at: datetime) -> Refusal | None:
    """None if the bill may be paid by a request read at that instant."""
    if facts.from_fund is None:
        return Refusal(PayRefusal.UNKNOWN_FUND, "this fund is not sold here; look at the shelf for those that are")
    if facts.bill is None or facts.item is None:
        return Refusal(PayRefusal.NOT_PRESENTED, "this bill was not presented to you; inquire with its account number first")
    if facts.live in PAID:
        return Refusal(PayRefusal.PAID_ALREADY, "this bill is paid already; nothing is owed on it")
    if facts.live is not None:
        return Refusal(PayRefusal.UNDER_WAY, "this bill is being paid; wait for the outcome")
    if facts.over is not None:
        return facts.over
    by_item = facts.item.refuse(facts.bill, amount, at)
    if by_item is not None:
        return by_item
    if facts.above_limit is not None:
        return Refusal(PayRefusal.ABOVE_LIMIT, facts.above_limit)
    if amount + facts.fee > facts.available + facts.from_fund:
        there = format_minor(facts.available + facts.from_fund)
        text = f"{format_minor(amount + facts.fee)} yuan is asked, {there} is there; move money in first"
        return Refusal(PayRefusal.NO_MONEY, text)
    return None
