"""Journal entries of a card: what a tap holds, what clearing captures, what a reversal sets free, and how electronic cash comes and goes.
Each function's docstring is the recipe.

A wallet part is one hold. A fund part is linked holds: units of each fund that pays on their way to the advancer (kind `transit_098`), and
as many fen of the bank's advance line; all are captured in one entry, or all released, which leaves units, income and cap as if nothing had
been. What the bound bank card pays is held on what its bank will owe us (`card_due`), beside the reservation at the bank, and owed from
clearing on. A sale that the card approved offline is held on the card's electronic cash alone, never on the wallet.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum
from uuid import UUID

from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Line, Op, Share


class TapEntry(IntEnum):
    """Kinds 300 to 399."""

    AUTHORISED = 301
    REVERSED = 302
    CAPTURED = 303
    LATE_PRESENTMENT = 304
    EXPIRED = 305
    COMPLETED = 306
    RESTORED = 307
    REFUNDED = 308
    OFFLINE_SALE = 309
    MERCHANT_FEE = 310
    CAPTURED_BEYOND = 311
    CASH_LOADED = 320
    CASH_UNLOADED = 321
    CASH_RETURNED = 322


@dataclass(frozen=True, slots=True)
class Tap:
    """The money side of an authorisation: `wallet_amount` fen of the wallet, `funds` units of holdings in the order in which they are used,
    at 1.0000 as many fen, by the advance; of an offline sale `cash_amount` fen of the card's electronic cash (account `cash`) and nothing
    else.

    `id` names its holds: the authorisation's own, or where they were placed once more, that of the entry which did.
    """

    book: int
    id: UUID
    wallet: int
    merchant: int
    wallet_amount: int
    funds: tuple[Share, ...] = ()
    authorisation: UUID | None = None
    cash: int = 0
    cash_amount: int = 0
    card_amount: int = 0

    @property
    def reference(self) -> UUID:
        """The authorisation: what the entries are about."""
        return self.authorisation or self.id

    @property
    def fund_units(self) -> int:
        """Of all funds: so many fen does the bank advance."""
        return sum(share.amount for share in self.funds)


_PARTS = _WALLET, _UNITS, _ADVANCE, _CARD = "hold:wallet", "hold:units", "hold:advance", "hold:card"


def holds_of(authorisation: UUID) -> tuple[UUID, UUID, UUID, UUID]:
    """The ids of the holds that it may have placed: on the wallet (or on electronic cash), on units of the first fund that pays, on the
    advance line, on what the bank card pays. Those on units of further funds are never there without these."""
    wallet, units, advance, card = (derived(authorisation, part) for part in _PARTS)
    return wallet, units, advance, card


@dataclass(frozen=True, slots=True)
class Taken:
    """What clearing takes for a sale: fen of the wallet, units of the fund, fen that are missing since the hold had expired, fen of
    electronic cash."""

    wallet: int
    units: int = 0
    missing: int = 0
    cash: int = 0
    card: int = 0

    @property
    def amount(self) -> int:
        return self.wallet + self.units + self.missing + self.cash + self.card


def taken_of(tap: Tap, amount: int) -> Taken:
    """How `amount` fen, at most what is held, are taken from a sale's holds: from the wallet first, as when they were placed."""
    if tap.cash_amount:
        return Taken(0, cash=amount)
    wallet = min(amount, tap.wallet_amount)
    units = min(amount - wallet, tap.fund_units)
    return Taken(wallet, units, card=amount - wallet - units)


def _lines(tap: Tap, op: Op, expires_at: datetime | None) -> list[Line]:
    lines = []
    if tap.cash_amount:
        lines.append(Line(op, tap.cash, tap.merchant, Asset.CNY, tap.cash_amount, derived(tap.id, _WALLET), expires_at))
    if tap.wallet_amount:
        lines.append(Line(op, tap.wallet, tap.merchant, Asset.CNY, tap.wallet_amount, derived(tap.id, _WALLET), expires_at))
    for place, share in enumerate(tap.funds):
        transit, hold = house_account(tap.book, Kind.TRANSIT_098, share.asset), derived(tap.id, f"{_UNITS}:{place}" if place else _UNITS)
        lines.append(Line(op, share.account, transit, share.asset, share.amount, hold, expires_at))
    if tap.funds:
        payable, out = house_account(tap.book, Kind.ADVANCE_PAYABLE, Asset.CNY), house_account(tap.book, Kind.ADVANCE_OUT, Asset.CNY)
        lines.append(Line(op, payable, out, Asset.CNY, tap.fund_units, derived(tap.id, _ADVANCE), expires_at))
    if tap.card_amount:
        lines.append(Line(op, card_due(tap.book), tap.merchant, Asset.CNY, tap.card_amount, derived(tap.id, _CARD), expires_at))
    return lines


def card_due(book: int) -> int:
    """What customers' banks owe for taps that were cleared."""
    return house_account(book, Kind.CARD_DUE, Asset.CNY)


def authorised(tap: Tap, day: date, actor: int, expires_at: datetime) -> JournalEntry:
    """HOLD Dr wallet / Cr merchant; HOLD units Dr holding / Cr transit_098 and HOLD Dr advance_payable / Cr advance_out; HOLD Dr card_due /
    Cr merchant."""
    lines = _lines(tap, Op.HOLD, expires_at)
    return JournalEntry(tap.book, tap.id, TapEntry.AUTHORISED, day, actor, tap.reference, tuple(lines))


def offline_sale(tap: Tap, missing: int, day: date, actor: int, expires_at: datetime) -> JournalEntry:
    """HOLD Dr electronic_cash / Cr merchant. `missing` of it went back to the customer when the card was deleted: first Dr
    customer_receivable / Cr electronic_cash, so that the merchant is paid and the customer owes it."""
    lines = _lines(tap, Op.HOLD, expires_at)
    if missing:
        receivable = house_account(tap.book, Kind.CUSTOMER_RECEIVABLE, Asset.CNY)
        lines.insert(0, Line(Op.POST, receivable, tap.cash, Asset.CNY, missing))
    return JournalEntry(tap.book, tap.id, TapEntry.OFFLINE_SALE, day, actor, tap.reference, tuple(lines))


def cash_loaded(book: int, key: UUID, wallet: int, cash: int, amount: int, day: date, actor: int, token: UUID) -> JournalEntry:
    """Dr wallet / Cr electronic_cash: the issuer's order that the card will take."""
    line = Line(Op.POST, wallet, cash, Asset.CNY, amount)
    return JournalEntry(book, key, TapEntry.CASH_LOADED, day, actor, token, (line,))


def cash_unloaded(book: int, key: UUID, wallet: int, cash: int, amount: int, day: date, actor: int, token: UUID) -> JournalEntry:
    """Dr electronic_cash / Cr wallet: the card has proved that it left it."""
    line = Line(Op.POST, cash, wallet, Asset.CNY, amount)
    return JournalEntry(book, key, TapEntry.CASH_UNLOADED, day, actor, token, (line,))


def cash_returned(book: int, key: UUID, wallet: int, cash: int, amount: int, day: date, actor: int, token: UUID) -> JournalEntry:
    """Dr electronic_cash / Cr wallet: what a deleted card left when all its offline sales should have come in."""
    line = Line(Op.POST, cash, wallet, Asset.CNY, amount)
    return JournalEntry(book, key, TapEntry.CASH_RETURNED, day, actor, token, (line,))


def completed(before: Tap, tap: Tap, day: date, actor: int, expires_at: datetime) -> JournalEntry:
    """RELEASE every hold of the pre-authorisation and HOLD what the completion takes, in one: nobody gets between them."""
    lines = [
        *_lines(before, Op.RELEASE, None),
        *_lines(tap, Op.HOLD, expires_at),
    ]
    return JournalEntry(tap.book, tap.id, TapEntry.COMPLETED, day, actor, before.reference, tuple(lines))


def restored(tap: Tap, day: date, actor: int, expires_at: datetime, undone: UUID) -> JournalEntry:
    """HOLD once more, as at first, what an undone void or completion had set free."""
    lines = _lines(tap, Op.HOLD, expires_at)
    return JournalEntry(tap.book, tap.id, TapEntry.RESTORED, day, actor, undone, tuple(lines))


def refunded(tap: Tap, amount: int, day: date, actor: int) -> JournalEntry:
    """Dr merchant / Cr wallet, also for what the fund had paid: its units are redeemed, and a purchase is the customer's to make."""
    line = Line(Op.POST, tap.merchant, tap.wallet, Asset.CNY, amount)
    return JournalEntry(tap.book, derived(tap.id, "refunded"), TapEntry.REFUNDED, day, actor, tap.reference, (line,))


def reversed_(tap: Tap, day: date, actor: int) -> JournalEntry:
    """RELEASE every hold."""
    lines = _lines(tap, Op.RELEASE, None)
    return JournalEntry(tap.book, derived(tap.id, "reversed"), TapEntry.REVERSED, day, actor, tap.reference, tuple(lines))


def expired(tap: Tap, day: date, actor: int) -> JournalEntry:
    """EXPIRE every hold: nobody presented the sale in time."""
    lines = _lines(tap, Op.EXPIRE, None)
    return JournalEntry(tap.book, derived(tap.id, "expired"), TapEntry.EXPIRED, day, actor, tap.reference, tuple(lines))


def captured(tap: Tap, taken: Taken, day: date, actor: int) -> JournalEntry:
    """CAPTURE what is taken of every hold, RELEASE a hold of which nothing is; for the fund part also Dr reserve_due / Cr merchant: the
    advance is on its way to the reserve, as what card_due now shows is from the customer's bank."""
    line_of_bank = house_account(tap.book, Kind.ADVANCE_PAYABLE, Asset.CNY)
    shares = {tap.wallet: taken.wallet, tap.cash: taken.cash, card_due(tap.book): taken.card, line_of_bank: taken.units}
    shares.update(_of_the_funds(tap, taken.units))
    lines = [
        line._replace(op=Op.CAPTURE, amount=amount) if (amount := shares[line.debit]) else line for line in _lines(tap, Op.RELEASE, None)
    ]
    if taken.units:
        due = house_account(tap.book, Kind.RESERVE_DUE, Asset.CNY)
        lines.append(Line(Op.POST, due, tap.merchant, Asset.CNY, taken.units))
    return JournalEntry(tap.book, derived(tap.id, "captured"), TapEntry.CAPTURED, day, actor, tap.reference, tuple(lines))


def _of_the_funds(tap: Tap, units: int) -> dict[int, int]:
    """So many units by holding, from the first fund first, as they were held; 0 of a fund that is not needed."""
    shares, left = {}, units
    for share in tap.funds:
        shares[share.account] = min(share.amount, left)
        left -= shares[share.account]
    return shares


def captured_beyond(tap: Tap, taken: Taken, day: date, actor: int) -> JournalEntry:
    """Dr wallet / Cr merchant as far as there is money; Dr customer_receivable / Cr merchant what is missing: what is cleared beyond the
    hold, within what the trade may add."""
    lines = _beyond(tap, taken)
    return JournalEntry(tap.book, derived(tap.id, "captured beyond"), TapEntry.CAPTURED_BEYOND, day, actor, tap.reference, tuple(lines))


def late_presentment(tap: Tap, taken: Taken, day: date, actor: int) -> JournalEntry:
    """Dr wallet / Cr merchant as far as there is money; then Dr card_due / Cr merchant what the bank card had to pay, which is collected;
    Dr customer_receivable / Cr merchant what is missing. Presented after the hold had expired: the merchant is paid, and the customer owes
    what the wallet does not hold."""
    lines = _beyond(tap, taken)
    return JournalEntry(tap.book, derived(tap.id, "captured"), TapEntry.LATE_PRESENTMENT, day, actor, tap.reference, tuple(lines))


def _beyond(tap: Tap, taken: Taken) -> list[Line]:
    receivable = house_account(tap.book, Kind.CUSTOMER_RECEIVABLE, Asset.CNY)
    return [
        Line(Op.POST, source, tap.merchant, Asset.CNY, amount)
        for source, amount in ((tap.wallet, taken.wallet), (card_due(tap.book), taken.card), (receivable, taken.missing))
        if amount
    ]


def merchant_fee(book: int, key: UUID, merchant: int, fee: int, day: date, actor: int, reference: UUID) -> JournalEntry:
    """Dr merchant / Cr fees: what the merchant pays for the day's sales of this book. The other way round where refunds give back more."""
    fees = house_account(book, Kind.FEES, Asset.CNY)
    debit, credit = (merchant, fees) if fee > 0 else (fees, merchant)
    line = Line(Op.POST, debit, credit, Asset.CNY, abs(fee))
    return JournalEntry(book, key, TapEntry.MERCHANT_FEE, day, actor, reference, (line,))
