"""Journal entries of a tap: what is held, what clearing captures, what a reversal sets free. Each function's docstring is the recipe.

A wallet part is one hold. A fund part is two linked holds: units on their way to the advancer (kind `transit_098`), and as many fen of the
bank's advance line; both are captured in one entry, or both released, which leaves units, income and cap as if nothing had been.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum
from uuid import UUID

from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Line, Op


class TapEntry(IntEnum):
    """Kinds 300 to 399."""

    AUTHORISED = 301
    REVERSED = 302
    CAPTURED = 303
    LATE_PRESENTMENT = 304
    EXPIRED = 305
    MERCHANT_FEE = 310


@dataclass(frozen=True, slots=True)
class Tap:
    """The money side of an authorisation: `wallet_amount` fen of the wallet, `fund_units` (at 1.0000, so also fen) by the advance."""

    book: int
    id: UUID
    wallet: int
    holding: int
    merchant: int
    wallet_amount: int
    fund_units: int
    units_asset: Asset = Asset.FUND_000198

    @property
    def wallet_hold(self) -> UUID:
        return derived(self.id, "hold:wallet")

    @property
    def units_hold(self) -> UUID:
        return derived(self.id, "hold:units")

    @property
    def advance_hold(self) -> UUID:
        return derived(self.id, "hold:advance")


def _lines(tap: Tap, op: Op, wallet_amount: int, units: int, expires_at: datetime | None) -> list[Line]:
    lines = []
    if tap.wallet_amount:
        lines.append(Line(op, tap.wallet, tap.merchant, Asset.CNY, wallet_amount, tap.wallet_hold, expires_at))
    if tap.fund_units:
        transit = house_account(tap.book, Kind.TRANSIT_098, tap.units_asset)
        payable, out = house_account(tap.book, Kind.ADVANCE_PAYABLE, Asset.CNY), house_account(tap.book, Kind.ADVANCE_OUT, Asset.CNY)
        lines.append(Line(op, tap.holding, transit, tap.units_asset, units, tap.units_hold, expires_at))
        lines.append(Line(op, payable, out, Asset.CNY, units, tap.advance_hold, expires_at))
    return lines


def authorised(tap: Tap, day: date, actor: int, expires_at: datetime) -> JournalEntry:
    """HOLD Dr wallet / Cr merchant; HOLD units Dr holding / Cr transit_098 and HOLD Dr advance_payable / Cr advance_out."""
    lines = _lines(tap, Op.HOLD, tap.wallet_amount, tap.fund_units, expires_at)
    return JournalEntry(tap.book, tap.id, TapEntry.AUTHORISED, day, actor, tap.id, tuple(lines))


def reversed_(tap: Tap, day: date, actor: int) -> JournalEntry:
    """RELEASE every hold."""
    lines = _lines(tap, Op.RELEASE, tap.wallet_amount, tap.fund_units, None)
    return JournalEntry(tap.book, derived(tap.id, "reversed"), TapEntry.REVERSED, day, actor, tap.id, tuple(lines))


def expired(tap: Tap, day: date, actor: int) -> JournalEntry:
    """EXPIRE every hold: nobody presented the sale in time."""
    lines = _lines(tap, Op.EXPIRE, tap.wallet_amount, tap.fund_units, None)
    return JournalEntry(tap.book, derived(tap.id, "expired"), TapEntry.EXPIRED, day, actor, tap.id, tuple(lines))


def captured(tap: Tap, day: date, actor: int) -> JournalEntry:
    """CAPTURE every hold; for the fund part also Dr reserve_due / Cr merchant: the advance is on its way to the reserve."""
    lines = _lines(tap, Op.CAPTURE, tap.wallet_amount, tap.fund_units, None)
    if tap.fund_units:
        due = house_account(tap.book, Kind.RESERVE_DUE, Asset.CNY)
        lines.append(Line(Op.POST, due, tap.merchant, Asset.CNY, tap.fund_units))
    return JournalEntry(tap.book, derived(tap.id, "captured"), TapEntry.CAPTURED, day, actor, tap.id, tuple(lines))


def late_presentment(tap: Tap, amount: int, day: date, actor: int) -> JournalEntry:
    """Dr customer_receivable / Cr merchant: presented after the hold had expired; the merchant is paid, the customer owes it."""
    receivable = house_account(tap.book, Kind.CUSTOMER_RECEIVABLE, Asset.CNY)
    line = Line(Op.POST, receivable, tap.merchant, Asset.CNY, amount)
    return JournalEntry(tap.book, derived(tap.id, "captured"), TapEntry.LATE_PRESENTMENT, day, actor, tap.id, (line,))


def merchant_fee(book: int, key: UUID, merchant: int, fee: int, day: date, actor: int, reference: UUID) -> JournalEntry:
    """Dr merchant / Cr fees: what the merchant pays for the day's sales of this book."""
    line = Line(Op.POST, merchant, house_account(book, Kind.FEES, Asset.CNY), Asset.CNY, fee)
    return JournalEntry(book, key, TapEntry.MERCHANT_FEE, day, actor, reference, (line,))
