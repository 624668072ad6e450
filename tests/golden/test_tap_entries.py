"""The journal entries of a tap, written out for an accountant."""

from datetime import UTC, date, datetime
from uuid import UUID

from shelf import UNITS

from tapwealth.issuing import entries
from tapwealth.issuing.entries import Taken, Tap, taken_of
from tapwealth.kernel.ids import book_of, derived
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.ledger.chart import BY_KIND, Kind
from tapwealth.ledger.port import JournalEntry, Op, Share, account_id, book_of_account

DAY, UNTIL = date(2014, 2, 24), datetime(2014, 3, 3, 1, tzinfo=UTC)
WALLET, HOLDING, MERCHANT, CASH, OTHER = (account_id(3, 1_000_000_001 + number) for number in range(5))
NAMES = {WALLET: "wallet", HOLDING: "holding", MERCHANT: "merchant", CASH: "electronic cash on a card", OTHER: "other fund's holding"}
OTHERS = Asset(UNITS + 1)
"""The units of another fund."""
ID = UUID("01446167-da80-7000-8000-c00000000001")
WALLET_ONLY = Tap(3, ID, WALLET, MERCHANT, 30_00)
FUND_ONLY = Tap(3, ID, WALLET, MERCHANT, 0, (Share(HOLDING, 30_00, UNITS),))
BOTH = Tap(3, ID, WALLET, MERCHANT, 20_00, (Share(HOLDING, 30_00, UNITS),))
TWO_FUNDS = Tap(3, ID, WALLET, MERCHANT, 20_00, (Share(HOLDING, 10_00, UNITS), Share(OTHER, 20_00, OTHERS)))
OFFLINE = Tap(3, ID, WALLET, MERCHANT, 0, cash=CASH, cash_amount=30_00)

SERIAL = (1 << 48) - 1


def name(account: int) -> str:
    return NAMES.get(account) or BY_KIND[Kind((account & SERIAL) % 1000)].name


def shown(entry: JournalEntry) -> list[str]:
    """Date, what happened, then what is done, Dr and Cr with the amount; units are marked."""
    lines = [f"{entry.business_date} {entries.TapEntry(entry.kind).name}"]
    for line in entry.lines:
        assert book_of_account(line.debit) == book_of_account(line.credit) == entry.book == book_of(entry.key)
        assert (line.hold is None) == (line.op is Op.POST)
        assert (line.expires_at is None) == (line.op is not Op.HOLD)
        unit = {UNITS: " units", OTHERS: " units of the other"}.get(line.asset, "")
        lines.append(f"  {line.op.name} Dr {name(line.debit)} / Cr {name(line.credit)} {format_minor(line.amount)}{unit}")
    return lines


def cleared(tap: Tap, amount: int) -> JournalEntry:
    return entries.captured(tap, taken_of(tap, amount), DAY, 9)


def test_a_tap_that_the_wallet_pays() -> None:
    """Money is set aside for the merchant; clearing makes it the merchant's."""
    assert shown(entries.authorised(WALLET_ONLY, DAY, 9, UNTIL)) + shown(cleared(WALLET_ONLY, 30_00)) == [
        "2014-02-24 AUTHORISED",
        "  HOLD Dr wallet / Cr merchant 30.00",
        "2014-02-24 CAPTURED",
        "  CAPTURE Dr wallet / Cr merchant 30.00",
    ]


def test_a_tap_that_wallet_and_two_funds_pay_and_that_is_cleared_for_less() -> None:
    """Each fund's units are set aside by themselves, the bank's line in one; what is not needed of the last fund is set free."""
    assert shown(entries.authorised(TWO_FUNDS, DAY, 9, UNTIL)) + shown(cleared(TWO_FUNDS, 35_00)) + shown(cleared(TWO_FUNDS, 25_00)) == [
        "2014-02-24 AUTHORISED",
        "  HOLD Dr wallet / Cr merchant 20.00",
        "  HOLD Dr holding / Cr units on their way to the advancer 10.00 units",
        "  HOLD Dr other fund's holding / Cr units on their way to the advancer 20.00 units of the other",
        "  HOLD Dr advance line owed to the bank / Cr leaving the bank's advance 30.00",
        "2014-02-24 CAPTURED",
        "  CAPTURE Dr wallet / Cr merchant 20.00",
        "  CAPTURE Dr holding / Cr units on their way to the advancer 10.00 units",
        "  CAPTURE Dr other fund's holding / Cr units on their way to the advancer 5.00 units of the other",
        "  CAPTURE Dr advance line owed to the bank / Cr leaving the bank's advance 15.00",
        "  POST Dr advance money on its way to the reserve / Cr merchant 15.00",
        "2014-02-24 CAPTURED",
        "  CAPTURE Dr wallet / Cr merchant 20.00",
        "  CAPTURE Dr holding / Cr units on their way to the advancer 5.00 units",
        "  RELEASE Dr other fund's holding / Cr units on their way to the advancer 20.00 units of the other",
        "  CAPTURE Dr advance line owed to the bank / Cr leaving the bank's advance 5.00",
        "  POST Dr advance money on its way to the reserve / Cr merchant 5.00",
    ]


def test_a_tap_with_an_empty_wallet() -> None:
    """Units and the bank's line are set aside together. Clearing takes both: the units are on their way to the advancer, the bank's money
    on its way to the reserve, and the merchant is owed out of that."""
    assert shown(entries.authorised(FUND_ONLY, DAY, 9, UNTIL)) + shown(cleared(FUND_ONLY, 30_00)) == [
        "2014-02-24 AUTHORISED",
        "  HOLD Dr holding / Cr units on their way to the advancer 30.00 units",
        "  HOLD Dr advance line owed to the bank / Cr leaving the bank's advance 30.00",
        "2014-02-24 CAPTURED",
        "  CAPTURE Dr holding / Cr units on their way to the advancer 30.00 units",
        "  CAPTURE Dr advance line owed to the bank / Cr leaving the bank's advance 30.00",
        "  POST Dr advance money on its way to the reserve / Cr merchant 30.00",
    ]


def test_a_tap_that_both_pay_and_clearing_takes_for_less() -> None:
    """The wallet pays first, so that what is not claimed comes back to the fund; a hold of which nothing is taken is set free."""
    assert shown(cleared(BOTH, 45_00)) + shown(cleared(BOTH, 15_00)) == [
        "2014-02-24 CAPTURED",
        "  CAPTURE Dr wallet / Cr merchant 20.00",
        "  CAPTURE Dr holding / Cr units on their way to the advancer 25.00 units",
        "  CAPTURE Dr advance line owed to the bank / Cr leaving the bank's advance 25.00",
        "  POST Dr advance money on its way to the reserve / Cr merchant 25.00",
        "2014-02-24 CAPTURED",
        "  CAPTURE Dr wallet / Cr merchant 15.00",
        "  RELEASE Dr holding / Cr units on their way to the advancer 30.00 units",
        "  RELEASE Dr advance line owed to the bank / Cr leaving the bank's advance 30.00",
    ]


def test_a_tap_that_is_reversed_or_expires() -> None:
    """Every hold is set free in full; nothing was moved, and nothing is."""
    assert shown(entries.reversed_(BOTH, DAY, 9)) + shown(entries.expired(BOTH, DAY, 9)) == [
        "2014-02-24 REVERSED",
        "  RELEASE Dr wallet / Cr merchant 20.00",
        "  RELEASE Dr holding / Cr units on their way to the advancer 30.00 units",
        "  RELEASE Dr advance line owed to the bank / Cr leaving the bank's advance 30.00",
        "2014-02-24 EXPIRED",
        "  EXPIRE Dr wallet / Cr merchant 20.00",
        "  EXPIRE Dr holding / Cr units on their way to the advancer 30.00 units",
        "  EXPIRE Dr advance line owed to the bank / Cr leaving the bank's advance 30.00",
    ]


def test_a_tap_that_is_presented_late() -> None:
    """The merchant is paid all the same: from the wallet as far as it goes, the rest is a debt of the customer's."""
    some = shown(entries.late_presentment(BOTH, Taken(12_00, missing=38_00), DAY, 9))
    nothing, all_of_it = (entries.late_presentment(BOTH, taken, DAY, 9) for taken in (Taken(0, missing=50_00), Taken(50_00)))
    assert [*some, *shown(nothing)[1:], *shown(all_of_it)[1:]] == [
        "2014-02-24 LATE_PRESENTMENT",
        "  POST Dr wallet / Cr merchant 12.00",
        "  POST Dr owed to us by customers / Cr merchant 38.00",
        "  POST Dr owed to us by customers / Cr merchant 50.00",
        "  POST Dr wallet / Cr merchant 50.00",
    ]


def test_electronic_cash_that_comes_and_goes() -> None:
    """Onto the card, off it again, and what a deleted card left: between the wallet and the card's own account, both in the reserve."""
    made = [recipe(3, derived(ID, "cash"), WALLET, CASH, 50_00, DAY, 9, ID) for recipe in (entries.cash_loaded, entries.cash_unloaded)]
    made.append(entries.cash_returned(3, derived(ID, "cash"), WALLET, CASH, 50_00, DAY, 9, ID))
    assert [line for entry in made for line in shown(entry)] == [
        "2014-02-24 CASH_LOADED",
        "  POST Dr wallet / Cr electronic cash on a card 50.00",
        "2014-02-24 CASH_UNLOADED",
        "  POST Dr electronic cash on a card / Cr wallet 50.00",
        "2014-02-24 CASH_RETURNED",
        "  POST Dr electronic cash on a card / Cr wallet 50.00",
    ]


def test_a_sale_that_the_card_approved_offline() -> None:
    """Set aside on the card's electronic cash, and cleared from it: the wallet is not in it."""
    assert shown(entries.offline_sale(OFFLINE, 0, DAY, 9, UNTIL)) + shown(cleared(OFFLINE, 30_00)) == [
        "2014-02-24 OFFLINE_SALE",
        "  HOLD Dr electronic cash on a card / Cr merchant 30.00",
        "2014-02-24 CAPTURED",
        "  CAPTURE Dr electronic cash on a card / Cr merchant 30.00",
    ]


def test_an_offline_sale_that_comes_after_the_money_went_back() -> None:
    """The merchant is paid all the same; the customer owes what went back."""
    assert shown(entries.offline_sale(OFFLINE, 12_00, DAY, 9, UNTIL)) == [
        "2014-02-24 OFFLINE_SALE",
        "  POST Dr owed to us by customers / Cr electronic cash on a card 12.00",
        "  HOLD Dr electronic cash on a card / Cr merchant 30.00",
    ]


def test_the_merchants_fee() -> None:
    """What the merchant pays for the day's sales of this book."""
    fee = entries.merchant_fee(3, derived(ID, "fee"), MERCHANT, 78, DAY, 9, ID)
    assert shown(fee) == ["2014-02-24 MERCHANT_FEE", "  POST Dr merchant / Cr fees still in the customer reserve 0.78"]


def test_a_sale_is_taken_once() -> None:
    """A capture and a late presentment have one key, so that the ledger takes only one of them; every other entry has its own."""
    captured = cleared(BOTH, 50_00)
    late = entries.late_presentment(BOTH, Taken(50_00), DAY, 9)
    assert captured.key == late.key == derived(ID, "captured")
    keys = {
        one.key for one in (entries.authorised(BOTH, DAY, 9, UNTIL), entries.reversed_(BOTH, DAY, 9), entries.expired(BOTH, DAY, 9), late)
    }
    assert len(keys) == 4


def test_a_tap_that_is_cleared_beyond_its_hold() -> None:
    """The hold is captured first, by an entry of its own."""
    assert shown(entries.captured_beyond(WALLET_ONLY, Taken(3_00, missing=1_50), DAY, 9)) == [
        "2014-02-24 CAPTURED_BEYOND",
        "  POST Dr wallet / Cr merchant 3.00",
        "  POST Dr owed to us by customers / Cr merchant 1.50",
    ]
