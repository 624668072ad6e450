"""Journal entries of a bill payment. Each function's docstring is the recipe.

The payer's money waits in suspense until the biller's word is final: then it is owed to the biller, or the payer has it back. Where a
biller turns out to be paid after the payer had the money back, the payer owes it to us.

What funds pay is held instead, linked: units of each on their way to the advancer, as many fen of the bank's advance line, and what the
wallet pays of the same bill. All of it is captured when the biller is paid, or released as if nothing had been.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum
from uuid import UUID

from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Line, Op, Share


class BillEntry(IntEnum):
    """Kinds 500 to 599."""

    DEBITED = 501
    PAID = 502
    REFUNDED = 503
    LATE_SUCCESS = 504
    HELD = 505
    CAPTURED = 506
    RELEASED = 507
    FEE_KEPT = 508


HELD_FOR = timedelta(days=3650)
"""Until the biller's word is final, however long that takes: as suspense would."""


@dataclass(frozen=True, slots=True)
class BillMoney:
    """The money side of a payment: `amount` fen from the payer's wallet for the biller's account in the payer's book, and `fee` fen for us;
    of both together what `funds` pay, units of holdings in the order in which they are used, by the advance (at 1.0000). The fee is the
    last that funds pay."""

    book: int
    id: UUID
    amount: int
    wallet: int
    biller: int
    funds: tuple[Share, ...] = ()
    fee: int = 0

    @property
    def fund_units(self) -> int:
        """Of all funds: so many fen does the bank advance."""
        return sum(share.amount for share in self.funds)

    @property
    def by_funds(self) -> tuple[int, int]:
        """Fen of the amount and of the fee that funds pay."""
        bill = min(self.fund_units, self.amount)
        return bill, self.fund_units - bill

    def entry(self, what: str, kind: BillEntry, debit: int, credit: int, day: date, actor: int, fee: int | None = None) -> JournalEntry:
        """A line for the amount and one for a fee, which comes from the same account and goes to `fee`, or else goes the same way. The key
        follows from payment and event, so that no event is posted twice."""
        lines = [Line(Op.POST, debit, credit, Asset.CNY, self.amount)]
        if self.fee:
            lines.append(Line(Op.POST, debit, credit if fee is None else fee, Asset.CNY, self.fee))
        return JournalEntry(self.book, derived(self.id, what), kind, day, actor, self.id, tuple(lines))


def debited(money: BillMoney, day: date, actor: int) -> JournalEntry:
    """Dr wallet / Cr suspense: the payer has paid, and the fee as well; the biller has not been heard."""
    return money.entry("debited", BillEntry.DEBITED, money.wallet, _suspense(money), day, actor)


def paid(money: BillMoney, day: date, actor: int) -> JournalEntry:
    """Dr suspense / Cr biller: the biller has written the bill off. The fee: Dr suspense / Cr bill_fees."""
    return money.entry("settled", BillEntry.PAID, _suspense(money), money.biller, day, actor, _fees(money))


def refunded(money: BillMoney, day: date, actor: int) -> JournalEntry:
    """Dr suspense / Cr wallet, the fee as well: the biller did not take it. Shares its key with `paid`: it ends in one of the two."""
    return money.entry("settled", BillEntry.REFUNDED, _suspense(money), money.wallet, day, actor)


def late_success(money: BillMoney, day: date, actor: int) -> JournalEntry:
    """Dr customer_receivable / Cr biller: paid after all, though the payer has the money back and now owes it. The fee: Dr
    customer_receivable / Cr bill_fees."""
    receivable = house_account(money.book, Kind.CUSTOMER_RECEIVABLE, Asset.CNY)
    return money.entry("late_success", BillEntry.LATE_SUCCESS, receivable, money.biller, day, actor, _fees(money))


def _fees(money: BillMoney) -> int:
    return house_account(money.book, Kind.BILL_FEES, Asset.CNY)


def _suspense(money: BillMoney) -> int:
    return house_account(money.book, Kind.SUSPENSE, Asset.CNY)


def held(money: BillMoney, day: date, actor: int, at: datetime) -> JournalEntry:
    """HOLD Dr wallet / Cr biller; HOLD Dr wallet / Cr bill_fees; HOLD units Dr holding / Cr transit_098; HOLD Dr advance_payable / Cr
    advance_out: all or nothing."""
    return _together(money, "debited", BillEntry.HELD, _holds(money, Op.HOLD, at + HELD_FOR), day, actor)


def captured(money: BillMoney, day: date, actor: int) -> JournalEntry:
    """CAPTURE what is held; Dr reserve_due / Cr biller, and what funds pay of the fee Dr reserve_due / Cr bill_fees: the advance is on its
    way to the reserve."""
    due, (bill, fee) = house_account(money.book, Kind.RESERVE_DUE, Asset.CNY), money.by_funds
    of_advance = [Line(Op.POST, due, to, Asset.CNY, amount) for to, amount in ((money.biller, bill), (_fees(money), fee)) if amount]
    return _together(money, "settled", BillEntry.CAPTURED, [*_holds(money, Op.CAPTURE), *of_advance], day, actor)


def released(money: BillMoney, day: date, actor: int) -> JournalEntry:
    """RELEASE what is held: the biller did not take it. Shares its key with `captured`."""
    return _together(money, "settled", BillEntry.RELEASED, _holds(money, Op.RELEASE), day, actor)


def _together(money: BillMoney, what: str, kind: BillEntry, lines: list[Line], day: date, actor: int) -> JournalEntry:
    return JournalEntry(money.book, derived(money.id, what), kind, day, actor, money.id, tuple(lines))


def _holds(money: BillMoney, op: Op, until: datetime | None = None) -> list[Line]:
    payable, out = (house_account(money.book, kind, Asset.CNY) for kind in (Kind.ADVANCE_PAYABLE, Kind.ADVANCE_OUT))
    lines = []
    for place, share in enumerate(money.funds):
        transit = house_account(money.book, Kind.TRANSIT_098, share.asset)
        hold = derived(money.id, f"hold:units:{place}" if place else "hold:units")
        lines.append(Line(op, share.account, transit, share.asset, share.amount, hold, until))
    lines.append(Line(op, payable, out, Asset.CNY, money.fund_units, derived(money.id, "hold:advance"), until))
    bill, fee = money.by_funds
    of_wallet = (("hold:wallet", money.biller, money.amount - bill), ("hold:fee", _fees(money), money.fee - fee))
    by_wallet = [Line(op, money.wallet, to, Asset.CNY, amount, derived(money.id, name), until) for name, to, amount in of_wallet if amount]
    return [*by_wallet, *lines]


def fee_kept(book: int, key: UUID, biller: int, amount: int, day: date, actor: int) -> JournalEntry:
    """Dr biller / Cr fees: what the biller pays for a cycle's payments, kept from what it gets."""
    line = Line(Op.POST, biller, house_account(book, Kind.FEES, Asset.CNY), Asset.CNY, amount)
    return JournalEntry(book, key, BillEntry.FEE_KEPT, day, actor, None, (line,))
