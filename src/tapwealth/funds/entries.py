"""Journal entries of funds. Each function's docstring is the recipe. Units are 1/100 unit; money is fen.

The holder's cash waits in `fund_purchase_in_transit` until it is swept to the collection account, then in `fund_purchase_collected` until
the registrar confirms; then cash and units are posted in one entry. Another channel pays for all its orders at once: their cash is posted
by book. What of them is confirmed just as it was asked is spread over its holders, one entry a book; the rest by themselves.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import ARCHIVE_KIND, FOLD_KIND, JournalEntry, Line, Op, Spread


class FundEntry(IntEnum):
    """Kinds 400 to 499."""

    PURCHASE_PLACED = 401
    PURCHASE_CONFIRMED = 402
    PURCHASE_REFUSED = 403
    INCOME = 404
    NEGATIVE_INCOME = 405
    FAST_TRANSFER_CONFIRMED = 410
    FAST_TRANSFER_REFUSED = 411
    REDEMPTION_CONFIRMED = 412
    REDEMPTION_PAID = 413
    REDEMPTION_PLACED = 420
    HOLDER_REDEEMED = 421
    REDEMPTION_REFUSED = 422
    REDEMPTION_CANCELLED = 423
    PURCHASE_CANCELLED = 424
    REDEMPTION_COLLECTED = 425
    STOOD_APART = 426
    FROZEN = 430
    UNFROZEN = 431
    SWITCH_PLACED = 436
    SWITCH_CONFIRMED = 437
    SWITCH_REFUSED = 438
    SWITCH_CANCELLED = 439
    FORCED_INCREASE = 450
    FORCED_DECREASE = 451
    FORCED_REDEMPTION = 452
    DIVIDEND_REINVESTED = 453
    DIVIDEND_DUE = 454
    INSTANTLY_REDEEMED = 460
    SUBSCRIBED = 470
    RAISE_FORMED = 471
    RAISE_INTEREST_DUE = 472
    FOLDED = FOLD_KIND
    """Units Dr unfolded_income / Cr holding: made by the ledger itself, before a holding is debited."""
    YEAR_ARCHIVED = ARCHIVE_KIND
    """Units Dr registrar_mirror / Cr archived_income and back: made by the ledger itself, the seal of an archived year."""


class Order(NamedTuple):
    """The accounts of an order: `funding` gave the money, `holding` gets the units."""

    book: int
    id: UUID
    funding: int
    holding: int
    amount: int
    own: bool
    units_asset: Asset


def _line(debit: int, credit: int, amount: int, asset: Asset = Asset.CNY) -> Line:
    return Line(Op.POST, debit, credit, asset, amount)


def _house(book: int, kind: Kind, asset: Asset = Asset.CNY) -> int:
    return house_account(book, kind, asset)


def purchase_placed(order: Order, day: date, actor: int) -> JournalEntry:
    """Own customer: Dr wallet / Cr fund_purchase_in_transit. Channel: Dr channel_funds / Cr fund_purchase_collected, its cash is there."""
    kind = Kind.FUND_PURCHASE_IN_TRANSIT if order.own else Kind.FUND_PURCHASE_COLLECTED
    line = _line(order.funding, _house(order.book, kind), order.amount)
    return JournalEntry(order.book, order.id, FundEntry.PURCHASE_PLACED, day, actor, order.id, (line,))


def subscribed(order: Order, day: date, actor: int) -> JournalEntry:
    """Dr wallet / Cr raise_in_transit: for a raise; it waits there, then in raise_collected, until the fund is formed or has failed."""
    line = _line(order.funding, _house(order.book, Kind.RAISE_IN_TRANSIT), order.amount)
    return JournalEntry(order.book, order.id, FundEntry.SUBSCRIBED, day, actor, order.id, (line,))


def raise_formed(order: Order, units: int, day: date, actor: int) -> JournalEntry:
    """Dr raise_collected / Cr fund_collection_out; units Dr registrar_mirror / Cr holding: those of the interest among them, which the
    registrar itself has put into the fund."""
    lines = (
        _line(_house(order.book, Kind.RAISE_COLLECTED), _house(order.book, Kind.FUND_COLLECTION_OUT), order.amount),
        _line(_house(order.book, Kind.REGISTRAR_MIRROR, order.units_asset), order.holding, units, order.units_asset),
    )
    return JournalEntry(order.book, derived(order.id, "confirmed"), FundEntry.RAISE_FORMED, day, actor, order.id, lines)


def raise_interest_due(order: Order, interest: int, day: date, actor: int) -> JournalEntry:
    """Dr redemption_due_collection / Cr fund_redemption_in_transit: the registrar owes it for a raise that has failed. (The money itself
    goes back by a payment, collection to reserve.)"""
    due, coming = _house(order.book, Kind.REDEMPTION_DUE_COLLECTION), _house(order.book, Kind.FUND_REDEMPTION_IN_TRANSIT)
    key = derived(order.id, "interest")
    return JournalEntry(order.book, key, FundEntry.RAISE_INTEREST_DUE, day, actor, order.id, (_line(due, coming, interest),))


def purchase_confirmed(order: Order, units: int, day: date, actor: int) -> JournalEntry:
    """Dr fund_purchase_collected / Cr fund_collection_out; units Dr registrar_mirror / Cr holding."""
    lines = (
        _line(_house(order.book, Kind.FUND_PURCHASE_COLLECTED), _house(order.book, Kind.FUND_COLLECTION_OUT), order.amount),
        _line(_house(order.book, Kind.REGISTRAR_MIRROR, order.units_asset), order.holding, units, order.units_asset),
    )
    return JournalEntry(order.book, derived(order.id, "confirmed"), FundEntry.PURCHASE_CONFIRMED, day, actor, order.id, lines)


def channel_cash_confirmed(book: int, key: UUID, amount: int, day: date, actor: int) -> JournalEntry:
    """Dr fund_purchase_collected / Cr fund_collection_out: what another channel's confirmed orders of a book had taken."""
    line = _line(_house(book, Kind.FUND_PURCHASE_COLLECTED), _house(book, Kind.FUND_COLLECTION_OUT), amount)
    return JournalEntry(book, key, FundEntry.PURCHASE_CONFIRMED, day, actor, key, (line,))


def channel_units_confirmed(order: Order, units: int, day: date, actor: int) -> JournalEntry:
    """Units Dr registrar_mirror / Cr holding: an order of another channel's, whose money goes with that of the others of its book."""
    line = _line(_house(order.book, Kind.REGISTRAR_MIRROR, order.units_asset), order.holding, units, order.units_asset)
    return JournalEntry(order.book, derived(order.id, "confirmed"), FundEntry.PURCHASE_CONFIRMED, day, actor, order.id, (line,))


def channel_units_spread(keys: Mapping[int, UUID], day: date, actor: int, asset: Asset) -> Spread:
    """Units Dr registrar_mirror / Cr unfolded_income, an entry a book: all of another channel's orders that a file confirms as they were
    asked, each of whose holders has a share of it."""
    return Spread(keys, FundEntry.PURCHASE_CONFIRMED, day, actor, asset, Kind.REGISTRAR_MIRROR)


def channel_purchase_refused(order: Order, day: date, actor: int) -> JournalEntry:
    """Dr fund_purchase_collected / Cr channel_funds. (An own customer's money goes back by a payment, collection to reserve.)"""
    line = _line(_house(order.book, Kind.FUND_PURCHASE_COLLECTED), order.funding, order.amount)
    return JournalEntry(order.book, derived(order.id, "refused"), FundEntry.PURCHASE_REFUSED, day, actor, order.id, (line,))


def income(book: int, key: UUID, holding: int, amount: int, day: date, actor: int, asset: Asset) -> JournalEntry:
    """Units Dr registrar_mirror / Cr holding; a negative day the other way round."""
    mirror = _house(book, Kind.REGISTRAR_MIRROR, asset)
    line = _line(mirror, holding, amount, asset) if amount > 0 else _line(holding, mirror, -amount, asset)
    return JournalEntry(book, key, FundEntry.INCOME if amount > 0 else FundEntry.NEGATIVE_INCOME, day, actor, key, (line,))


def income_spread(keys: Mapping[int, UUID], day: date, actor: int, asset: Asset) -> Spread:
    """Units Dr registrar_mirror / Cr unfolded_income, an entry a book: the income of all its holders, each of whom has a share of it."""
    return Spread(keys, FundEntry.INCOME, day, actor, asset, Kind.REGISTRAR_MIRROR)


def fast_transfer_confirmed(order: Order, units: int, day: date, actor: int) -> JournalEntry:
    """Units Dr transit_098 / Cr advancer: the registrar has moved them."""
    transit, advancer = (_house(order.book, kind, order.units_asset) for kind in (Kind.TRANSIT_098, Kind.ADVANCER))
    line = _line(transit, advancer, units, order.units_asset)
    return JournalEntry(order.book, derived(order.id, "confirmed"), FundEntry.FAST_TRANSFER_CONFIRMED, day, actor, order.id, (line,))


def redemption_confirmed(book: int, key: UUID, units: int, day: date, actor: int, asset: Asset) -> JournalEntry:
    """Units Dr advancer / Cr registrar_mirror; Dr fund_redemption_due / Cr advance_repayment_due: the registrar owes it now."""
    lines = (
        _line(_house(book, Kind.ADVANCER, asset), _house(book, Kind.REGISTRAR_MIRROR, asset), units, asset),
        _line(_house(book, Kind.FUND_REDEMPTION_DUE), _house(book, Kind.ADVANCE_REPAYMENT_DUE), units),
    )
    return JournalEntry(book, key, FundEntry.REDEMPTION_CONFIRMED, day, actor, key, lines)


def redemption_paid(book: int, key: UUID, amount: int, day: date, actor: int) -> JournalEntry:
    """Dr advance / Cr fund_redemption_due; Dr advance_repayment_due / Cr advance_payable: the line can be used again."""
    lines = (
        _line(_house(book, Kind.ADVANCE), _house(book, Kind.FUND_REDEMPTION_DUE), amount),
        _line(_house(book, Kind.ADVANCE_REPAYMENT_DUE), _house(book, Kind.ADVANCE_PAYABLE), amount),
    )
    return JournalEntry(book, key, FundEntry.REDEMPTION_PAID, day, actor, key, lines)


def instantly_redeemed(order: Order, wallet: int, units: int, day: date, actor: int) -> JournalEntry:
    """Units Dr holding / Cr transit_098; Dr advance_payable / Cr advance_out; Dr reserve_due / Cr wallet: at once, at 1.0000."""
    lines = (
        _line(order.holding, _house(order.book, Kind.TRANSIT_098, order.units_asset), units, order.units_asset),
        _line(_house(order.book, Kind.ADVANCE_PAYABLE), _house(order.book, Kind.ADVANCE_OUT), units),
        _line(_house(order.book, Kind.RESERVE_DUE), wallet, units),
    )
    return JournalEntry(order.book, order.id, FundEntry.INSTANTLY_REDEEMED, day, actor, order.id, lines)


def purchase_cancelled(order: Order, day: date, actor: int) -> JournalEntry:
    """Dr fund_purchase_in_transit / Cr wallet: an own customer's order that was taken back before the cut-off."""
    line = _line(_house(order.book, Kind.FUND_PURCHASE_IN_TRANSIT), order.funding, order.amount)
    return JournalEntry(order.book, derived(order.id, "cancelled"), FundEntry.PURCHASE_CANCELLED, day, actor, order.id, (line,))


def redemption_hold(order: UUID, done: int = 0) -> UUID:
    """The id of the hold on the units that an order asks back, `done` of which have been redeemed."""
    return derived(order, f"hold:units:{done}" if done else "hold:units")


def _held(order: Order, op: Op, units: int, until: datetime | None = None, done: int = 0) -> Line:
    mirror = _house(order.book, Kind.REGISTRAR_MIRROR, order.units_asset)
    return Line(op, order.holding, mirror, order.units_asset, units, redemption_hold(order.id, done), until)


def redemption_placed(order: Order, units: int, day: date, actor: int, until: datetime) -> JournalEntry:
    """HOLD units Dr holding / Cr registrar_mirror: they earn until the registrar has confirmed."""
    line = _held(order, Op.HOLD, units, until)
    return JournalEntry(order.book, order.id, FundEntry.REDEMPTION_PLACED, day, actor, order.id, (line,))


def redemption_cancelled(order: Order, units: int, day: date, actor: int) -> JournalEntry:
    """RELEASE units Dr holding / Cr registrar_mirror: taken back before the cut-off."""
    line = _held(order, Op.RELEASE, units)
    return JournalEntry(order.book, derived(order.id, "cancelled"), FundEntry.REDEMPTION_CANCELLED, day, actor, order.id, (line,))


def redemption_refused(order: Order, units: int, day: date, actor: int, done: int = 0) -> JournalEntry:
    """RELEASE units Dr holding / Cr registrar_mirror: the registrar did not take the order, or the rest of it."""
    line = _held(order, Op.RELEASE, units, done=done)
    return JournalEntry(order.book, derived(order.id, "refused"), FundEntry.REDEMPTION_REFUSED, day, actor, order.id, (line,))


def redeemed_key(order: UUID, done: int) -> UUID:
    """The key of the entry that redeems a part of an order, `done` of which have been redeemed before."""
    return derived(order, f"redeemed:{done}" if done else "redeemed")


def holder_redeemed(
    order: Order, units: int, amount: int, day: date, actor: int, *, done: int = 0, rest: int = 0, until: datetime | None = None
) -> JournalEntry:
    """CAPTURE units Dr holding / Cr registrar_mirror; Dr redemption_due_collection / Cr fund_redemption_in_transit: it is owed now. Of an
    order that goes on with the next dealing day (`done` before, `rest` to come): HOLD the rest anew. `amount` is what is left after the
    fund's fee; nothing is owed where the fee leaves nothing."""
    due, coming = _house(order.book, Kind.REDEMPTION_DUE_COLLECTION), _house(order.book, Kind.FUND_REDEMPTION_IN_TRANSIT)
    lines = [_held(order, Op.CAPTURE, units, done=done)]
    lines += [_line(due, coming, amount)] if amount else []
    lines += [_held(order, Op.HOLD, rest, until, done + units)] if rest else []
    key = redeemed_key(order.id, done)
    return JournalEntry(order.book, key, FundEntry.HOLDER_REDEEMED, day, actor, order.id, tuple(lines))


def redemption_collected(book: int, key: UUID, amount: int, day: date, actor: int) -> JournalEntry:
    """Dr fund_collection / Cr redemption_due_collection: the registrar has paid a book's holders. A payment takes it on to the wallets."""
    line = _line(_house(book, Kind.FUND_COLLECTION), _house(book, Kind.REDEMPTION_DUE_COLLECTION), amount)
    return JournalEntry(book, key, FundEntry.REDEMPTION_COLLECTED, day, actor, key, (line,))


def stood_apart(book: int, key: UUID, account: int, mirror: Kind, amount: int, day: date, actor: int) -> JournalEntry:
    """Dr the account on which the registrar's money stood apart / Cr its mirror, in the house's book: it pays what other entries of the
    same transaction collect in theirs (`redemption_collected`, `redemption_paid`)."""
    line = _line(account, _house(book, mirror), amount)
    return JournalEntry(book, key, FundEntry.STOOD_APART, day, actor, key, (line,))


def frozen(order: Order, units: int, day: date, actor: int, until: datetime) -> JournalEntry:
    """HOLD units Dr holding / Cr registrar_mirror: by an authority's order."""
    line = _held(order, Op.HOLD, units, until)
    return JournalEntry(order.book, order.id, FundEntry.FROZEN, day, actor, order.id, (line,))


def unfrozen(freeze: Order, units: int, day: date, actor: int) -> JournalEntry:
    """RELEASE units Dr holding / Cr registrar_mirror: the registrar has set free what the order `freeze` had frozen."""
    line = _held(freeze, Op.RELEASE, units)
    return JournalEntry(freeze.book, derived(freeze.id, "unfrozen"), FundEntry.UNFROZEN, day, actor, freeze.id, (line,))


def switch_placed(order: Order, units: int, day: date, actor: int, until: datetime) -> JournalEntry:
    """HOLD units Dr holding / Cr registrar_mirror: they are the holder's until the registrar has confirmed."""
    line = _held(order, Op.HOLD, units, until)
    return JournalEntry(order.book, order.id, FundEntry.SWITCH_PLACED, day, actor, order.id, (line,))


def switch_confirmed(order: Order, units: int, target: int, target_units: int, asset: Asset, day: date, actor: int) -> JournalEntry:
    """CAPTURE units of the one fund Dr holding / Cr registrar_mirror; units of the other (`asset`) Dr registrar_mirror / Cr holding."""
    lines = (_held(order, Op.CAPTURE, units), _line(_house(order.book, Kind.REGISTRAR_MIRROR, asset), target, target_units, asset))
    return JournalEntry(order.book, derived(order.id, "switched"), FundEntry.SWITCH_CONFIRMED, day, actor, order.id, lines)


def switch_refused(order: Order, units: int, day: date, actor: int) -> JournalEntry:
    """RELEASE units Dr holding / Cr registrar_mirror: the registrar did not take the order."""
    line = _held(order, Op.RELEASE, units)
    return JournalEntry(order.book, derived(order.id, "refused"), FundEntry.SWITCH_REFUSED, day, actor, order.id, (line,))


def switch_cancelled(order: Order, units: int, day: date, actor: int) -> JournalEntry:
    """RELEASE units Dr holding / Cr registrar_mirror: taken back before the cut-off."""
    line = _held(order, Op.RELEASE, units)
    return JournalEntry(order.book, derived(order.id, "cancelled"), FundEntry.SWITCH_CANCELLED, day, actor, order.id, (line,))


def _given(order: Order, kind: FundEntry, units: int, day: date, actor: int) -> JournalEntry:
    line = _line(_house(order.book, Kind.REGISTRAR_MIRROR, order.units_asset), order.holding, units, order.units_asset)
    return JournalEntry(order.book, order.id, kind, day, actor, order.id, (line,))


def forced_increase(order: Order, units: int, day: date, actor: int) -> JournalEntry:
    """Units Dr registrar_mirror / Cr holding: the registrar has given them."""
    return _given(order, FundEntry.FORCED_INCREASE, units, day, actor)


def dividend_reinvested(order: Order, units: int, day: date, actor: int) -> JournalEntry:
    """Units Dr registrar_mirror / Cr holding: what a dividend has bought."""
    return _given(order, FundEntry.DIVIDEND_REINVESTED, units, day, actor)


def _taken(order: Order, units: int) -> Line:
    return _line(order.holding, _house(order.book, Kind.REGISTRAR_MIRROR, order.units_asset), units, order.units_asset)


def _owed(order: Order, amount: int) -> Line:
    return _line(_house(order.book, Kind.REDEMPTION_DUE_COLLECTION), _house(order.book, Kind.FUND_REDEMPTION_IN_TRANSIT), amount)


def forced_decrease(order: Order, units: int, day: date, actor: int) -> JournalEntry:
    """Units Dr holding / Cr registrar_mirror: the registrar has taken them."""
    return JournalEntry(order.book, order.id, FundEntry.FORCED_DECREASE, day, actor, order.id, (_taken(order, units),))


def forced_redemption(order: Order, units: int, amount: int, day: date, actor: int) -> JournalEntry:
    """Units Dr holding / Cr registrar_mirror; Dr redemption_due_collection / Cr fund_redemption_in_transit: their money is owed now.
    Nothing is where so few are worth no fen, or the fee leaves none."""
    lines = (_taken(order, units), *([_owed(order, amount)] if amount else []))
    return JournalEntry(order.book, order.id, FundEntry.FORCED_REDEMPTION, day, actor, order.id, lines)


def dividend_due(order: Order, amount: int, day: date, actor: int) -> JournalEntry:
    """Dr redemption_due_collection / Cr fund_redemption_in_transit: a dividend in money, which the registrar owes now."""
    return JournalEntry(order.book, order.id, FundEntry.DIVIDEND_DUE, day, actor, order.id, (_owed(order, amount),))
