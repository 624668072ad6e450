"""Journal entries of an insurance premium. Each function's docstring is the recipe.

A premium waits in transit until the insurer has issued the policy. Then a sweep takes it to the premium trust, and the day after it is paid
to the insurer; both are payments through the bank, whose entries stand in `bank.entries`. A refund comes back by the bank.

The premium of a later year goes the same way, once the insurer has booked it. What a fund pays of it the bank advances, as for a bill: the
fund's units go to the advancer at once.
"""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from uuid import UUID

from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Line, Op, Share


class InsuranceEntry(IntEnum):
    """Kinds 600 to 699."""

    PREMIUM_TAKEN = 601
    PREMIUM_RETURNED = 602
    REFUND_RECEIVED = 603
    LATER_PREMIUM_TAKEN = 610
    LATER_PREMIUM_RETURNED = 611
    ARREARS_TAKEN = 612
    ARREARS_RETURNED = 613
    LAPSE_REFUNDED = 614
    COMMISSION_HAD = 620
    COMMISSION_GIVEN_BACK = 621


@dataclass(frozen=True, slots=True)
class Premium:
    """The money side of a policy: `amount` fen of the policyholder's wallet, of which `funds` pay their shares, by the advance."""

    book: int
    policy: UUID
    wallet: int
    amount: int
    funds: tuple[Share, ...] = ()


def _entry(premium: Premium, what: str, kind: InsuranceEntry, debit: int, credit: int, day: date, actor: int) -> JournalEntry:
    line = Line(Op.POST, debit, credit, Asset.CNY, premium.amount)
    return _entry_of(premium, what, kind, (line,), day, actor)


def _entry_of(premium: Premium, what: str, kind: InsuranceEntry, lines: tuple[Line, ...], day: date, actor: int) -> JournalEntry:
    return JournalEntry(premium.book, derived(premium.policy, what), kind, day, actor, premium.policy, lines)


def _in_transit(premium: Premium) -> int:
    return house_account(premium.book, Kind.PREMIUM_IN_TRANSIT, Asset.CNY)


def premium_taken(premium: Premium, day: date, actor: int) -> JournalEntry:
    """Dr wallet / Cr premium_in_transit: the insurer is asked for the policy. What funds pay of it as of a later premium."""
    return _entry_of(premium, "taken", InsuranceEntry.PREMIUM_TAKEN, _paid(premium), day, actor)


def premium_returned(premium: Premium, day: date, actor: int) -> JournalEntry:
    """Dr premium_in_transit / Cr wallet: the insurer does not take the risk; also what funds paid of it goes to the wallet."""
    return _entry(premium, "returned", InsuranceEntry.PREMIUM_RETURNED, _in_transit(premium), premium.wallet, day, actor)


def refund_received(refund: Premium, day: date, actor: int) -> JournalEntry:
    """Dr customer_reserve / Cr wallet: the insurer's refund has arrived at the bank."""
    reserve = house_account(refund.book, Kind.CUSTOMER_RESERVE, Asset.CNY)
    return _entry(refund, "refund", InsuranceEntry.REFUND_RECEIVED, reserve, refund.wallet, day, actor)


@dataclass(frozen=True, slots=True)
class LaterPremium:
    """A payment for a policy that stands: `amount` fen from the wallet, of which `funds` pay their shares, by the advance (at 1.0000).
    `arrears`: it is to be reinstated by it."""

    book: int
    payment: UUID
    policy: UUID
    wallet: int
    amount: int
    arrears: bool = False
    funds: tuple[Share, ...] = ()

    def entry(self, what: str, kind: InsuranceEntry, lines: tuple[Line, ...], day: date, actor: int) -> JournalEntry:
        """The key follows from payment and event, so that no event is posted twice."""
        return JournalEntry(self.book, derived(self.payment, what), kind, day, actor, self.policy, lines)


def _paid(money: Premium | LaterPremium) -> tuple[Line, ...]:
    transit = house_account(money.book, Kind.PREMIUM_IN_TRANSIT, Asset.CNY)
    lines, by_funds = list[Line](), sum(share.amount for share in money.funds)
    if by_funds < money.amount:
        lines.append(Line(Op.POST, money.wallet, transit, Asset.CNY, money.amount - by_funds))
    for share in money.funds:
        lines.append(Line(Op.POST, share.account, house_account(money.book, Kind.TRANSIT_098, share.asset), share.asset, share.amount))
    if by_funds:
        payable, out, due = (
            house_account(money.book, kind, Asset.CNY) for kind in (Kind.ADVANCE_PAYABLE, Kind.ADVANCE_OUT, Kind.RESERVE_DUE)
        )
        lines += [Line(Op.POST, payable, out, Asset.CNY, by_funds), Line(Op.POST, due, transit, Asset.CNY, by_funds)]
    return tuple(lines)


def later_premium_taken(money: LaterPremium, day: date, actor: int) -> JournalEntry:
    """Dr wallet / Cr premium_in_transit: the insurer is told. What funds pay of it: units Dr holding / Cr transit_098; Dr advance_payable /
    Cr advance_out; Dr reserve_due / Cr premium_in_transit."""
    kind = InsuranceEntry.ARREARS_TAKEN if money.arrears else InsuranceEntry.LATER_PREMIUM_TAKEN
    return money.entry("taken", kind, _paid(money), day, actor)


def later_premium_returned(money: LaterPremium, day: date, actor: int) -> JournalEntry:
    """Dr premium_in_transit / Cr wallet: the insurer does not take it; also what funds paid of it goes to the wallet."""
    transit = house_account(money.book, Kind.PREMIUM_IN_TRANSIT, Asset.CNY)
    kind = InsuranceEntry.ARREARS_RETURNED if money.arrears else InsuranceEntry.LATER_PREMIUM_RETURNED
    return money.entry("returned", kind, (Line(Op.POST, transit, money.wallet, Asset.CNY, money.amount),), day, actor)


def lapse_refunded(money: LaterPremium, day: date, actor: int) -> JournalEntry:
    """Dr customer_reserve / Cr wallet: what the insurer gives back of a policy that has lapsed has arrived at the bank."""
    reserve = house_account(money.book, Kind.CUSTOMER_RESERVE, Asset.CNY)
    line = Line(Op.POST, reserve, money.wallet, Asset.CNY, money.amount)
    return money.entry("lapse refund", InsuranceEntry.LAPSE_REFUNDED, (line,), day, actor)


def commission_had(book: int, key: UUID, amount: int, day: date, actor: int) -> JournalEntry:
    """Dr insurer / Cr commission: of the premiums that are settled, what is the house's."""
    insurer, commission = (house_account(book, kind, Asset.CNY) for kind in (Kind.INSURER, Kind.COMMISSION))
    line = Line(Op.POST, insurer, commission, Asset.CNY, amount)
    return JournalEntry(book, key, InsuranceEntry.COMMISSION_HAD, day, actor, key, (line,))


def commission_given_back(book: int, key: UUID, amount: int, day: date, actor: int) -> JournalEntry:
    """Dr commission / Cr insurer: premium has come back, and the same part of the commission on it goes to the insurer."""
    insurer, commission = (house_account(book, kind, Asset.CNY) for kind in (Kind.INSURER, Kind.COMMISSION))
    line = Line(Op.POST, commission, insurer, Asset.CNY, amount)
    return JournalEntry(book, key, InsuranceEntry.COMMISSION_GIVEN_BACK, day, actor, key, (line,))
