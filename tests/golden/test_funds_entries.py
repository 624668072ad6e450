"""The journal entries of funds, written out for an accountant: from the order to the units, their income, and back into money."""

from collections.abc import Sequence
from datetime import date
from enum import IntEnum
from uuid import UUID

from shelf import UNITS

from tapwealth.bank import entries as bank
from tapwealth.bank.entries import BankEntry
from tapwealth.funds import entries
from tapwealth.funds.entries import FundEntry, Order
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import book_of, derived, named
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.ledger.chart import BY_KIND, CHART, Kind, house_account
from tapwealth.ledger.port import JournalEntry, Op, account_id, book_of_account

DAY = date(2014, 2, 25)
WALLET, HOLDING, PAID_IN = account_id(3, 1_000_000_001), account_id(3, 1_000_000_002), account_id(0, 1_000_000_003)
ELSEWHERE = account_id(3, 1_000_000_004)
NAMES = {
    WALLET: "wallet of the buyer",
    HOLDING: "holding of the buyer",
    PAID_IN: "money of channel 996",
    ELSEWHERE: "the buyer's holding of another fund",
}
SERIAL = (1 << 48) - 1
ORDER = Order(3, UUID("01446167-da80-7000-8000-c00000000001"), WALLET, HOLDING, 10_050, True, UNITS)
CHANNELS = Order(
    3, UUID("01446167-da80-7000-8000-c00000000002"), house_account(3, Kind.CHANNEL_FUNDS, Asset.CNY), HOLDING, 10_050, False, UNITS
)
COLLECTION = "0100000002"


def name(account: int) -> str:
    return NAMES.get(account) or BY_KIND[Kind((account & SERIAL) % 1000)].name


def shown(*made: JournalEntry, kinds: type[IntEnum] = FundEntry) -> list[str]:
    """Date, what happened and in which book, then Dr and Cr with the amount in yuan or units."""
    lines = []
    for entry in made:
        lines.append(f"{entry.business_date} {kinds(entry.kind).name} in book {entry.book}")
        for line in entry.lines:
            assert book_of_account(line.debit) == book_of_account(line.credit) == entry.book
            asset = "yuan" if line.asset == Asset.CNY else "units"
            what = "" if line.op is Op.POST else f"{line.op.name} "
            lines.append(f"  {what}Dr {name(line.debit)} / Cr {name(line.credit)} {format_minor(line.amount)} {asset}")
    return lines


def test_an_own_customers_purchase() -> None:
    assert shown(entries.purchase_placed(ORDER, DAY, 9), entries.purchase_confirmed(ORDER, 10_050, DAY, 9)) == [
        "2014-02-25 PURCHASE_PLACED in book 3",
        "  Dr wallet of the buyer / Cr purchases on their way to collection 100.50 yuan",
        "2014-02-25 PURCHASE_CONFIRMED in book 3",
        "  Dr purchases collected, not confirmed / Cr leaving the fund-sales collection 100.50 yuan",
        "  Dr units at the registrar / Cr holding of the buyer 100.50 units",
    ]


def test_a_subscription_whose_fund_is_formed_and_the_interest_of_one_whose_is_not() -> None:
    """Sweep, custody and refund are payments."""
    assert shown(
        entries.subscribed(ORDER, DAY, 9), entries.raise_formed(ORDER, 10_051, DAY, 9), entries.raise_interest_due(ORDER, 1, DAY, 9)
    ) == [
        "2014-02-25 SUBSCRIBED in book 3",
        "  Dr wallet of the buyer / Cr subscriptions on their way to collection 100.50 yuan",
        "2014-02-25 RAISE_FORMED in book 3",
        "  Dr subscriptions collected, the fund not formed / Cr leaving the fund-sales collection 100.50 yuan",
        "  Dr units at the registrar / Cr holding of the buyer 100.51 units",
        "2014-02-25 RAISE_INTEREST_DUE in book 3",
        "  Dr redemptions the registrar has yet to pay to collection / Cr redemptions on their way to wallets 0.01 yuan",
    ]


def test_a_switch_into_another_fund() -> None:
    until = shanghai(DAY)
    other = Asset(7)
    assert shown(
        entries.switch_placed(ORDER, 8_000, DAY, 9, until),
        entries.switch_confirmed(ORDER, 8_000, ELSEWHERE, 6_001, other, DAY, 9),
        entries.switch_refused(ORDER, 8_000, DAY, 9),
        entries.switch_cancelled(ORDER, 8_000, DAY, 9),
    ) == [
        "2014-02-25 SWITCH_PLACED in book 3",
        "  HOLD Dr holding of the buyer / Cr units at the registrar 80.00 units",
        "2014-02-25 SWITCH_CONFIRMED in book 3",
        "  CAPTURE Dr holding of the buyer / Cr units at the registrar 80.00 units",
        "  Dr units at the registrar / Cr the buyer's holding of another fund 60.01 units",
        "2014-02-25 SWITCH_REFUSED in book 3",
        "  RELEASE Dr holding of the buyer / Cr units at the registrar 80.00 units",
        "2014-02-25 SWITCH_CANCELLED in book 3",
        "  RELEASE Dr holding of the buyer / Cr units at the registrar 80.00 units",
    ]


def test_a_channels_purchase_paid_from_its_receipt_and_refused() -> None:
    funding = CHANNELS.funding
    received = bank.received(0, ORDER.id, COLLECTION, PAID_IN, 10_050, DAY, 9, known=True)
    allotted = bank.allotted(PAID_IN, funding, COLLECTION, 10_050, ORDER.id, DAY, 9)
    back = bank.allotted(funding, PAID_IN, COLLECTION, 10_050, derived(ORDER.id, "back"), DAY, 9)
    assert shown(received, *allotted, kinds=BankEntry) == [
        "2014-02-25 RECEIVED in book 0",
        "  Dr fund-sales collection / Cr money of channel 996 100.50 yuan",
        "2014-02-25 ALLOTTED in book 0",
        "  Dr money of channel 996 / Cr fund-sales collection 100.50 yuan",
        "2014-02-25 ALLOTTED in book 3",
        "  Dr fund-sales collection / Cr another channel's purchase money 100.50 yuan",
    ]
    assert shown(entries.purchase_placed(CHANNELS, DAY, 9), entries.channel_purchase_refused(CHANNELS, DAY, 9)) == [
        "2014-02-25 PURCHASE_PLACED in book 3",
        "  Dr another channel's purchase money / Cr purchases collected, not confirmed 100.50 yuan",
        "2014-02-25 PURCHASE_REFUSED in book 3",
        "  Dr purchases collected, not confirmed / Cr another channel's purchase money 100.50 yuan",
    ]
    cash = entries.channel_cash_confirmed(3, derived(ORDER.id, "cash"), 10_050, DAY, 9)
    assert shown(cash, entries.channel_units_confirmed(CHANNELS, 10_050, DAY, 9)) == [
        "2014-02-25 PURCHASE_CONFIRMED in book 3",
        "  Dr purchases collected, not confirmed / Cr leaving the fund-sales collection 100.50 yuan",
        "2014-02-25 PURCHASE_CONFIRMED in book 3",
        "  Dr units at the registrar / Cr holding of the buyer 100.50 units",
    ]
    assert shown(*back, kinds=BankEntry) == [
        "2014-02-25 ALLOTTED in book 3",
        "  Dr another channel's purchase money / Cr fund-sales collection 100.50 yuan",
        "2014-02-25 ALLOTTED in book 0",
        "  Dr fund-sales collection / Cr money of channel 996 100.50 yuan",
    ]


def test_income_of_a_day_and_of_a_negative_one() -> None:
    key = named(shanghai(DAY), 3, "income")
    assert shown(entries.income(3, key, HOLDING, 12, DAY, 9, UNITS), entries.income(3, key, HOLDING, -12, DAY, 9, UNITS)) == [
        "2014-02-25 INCOME in book 3",
        "  Dr units at the registrar / Cr holding of the buyer 0.12 units",
        "2014-02-25 NEGATIVE_INCOME in book 3",
        "  Dr holding of the buyer / Cr units at the registrar 0.12 units",
    ]


def test_captured_units_on_their_way_back_into_the_banks_money() -> None:
    """The capture itself is a card's entry; from then on the units are in transit to the advancer."""
    key = named(shanghai(DAY), 3, "redemption")
    fast = entries.fast_transfer_confirmed(ORDER, 5_000, DAY, 9)
    redeemed = entries.redemption_confirmed(3, key, 5_000, DAY, 9, UNITS)
    paid = entries.redemption_paid(3, derived(key, "paid"), 5_000, DAY, 9)
    assert shown(fast, redeemed, paid) == [
        "2014-02-25 FAST_TRANSFER_CONFIRMED in book 3",
        "  Dr units on their way to the advancer / Cr units the advance has taken over 50.00 units",
        "2014-02-25 REDEMPTION_CONFIRMED in book 3",
        "  Dr units the advance has taken over / Cr units at the registrar 50.00 units",
        "  Dr redemptions the registrar has yet to pay / Cr advance to be repaid by a redemption 50.00 yuan",
        "2014-02-25 REDEMPTION_PAID in book 3",
        "  Dr bank's advance / Cr redemptions the registrar has yet to pay 50.00 yuan",
        "  Dr advance to be repaid by a redemption / Cr advance line owed to the bank 50.00 yuan",
    ]


def test_units_that_a_holder_redeems_in_the_ordinary_way() -> None:
    """The money then goes on by a payment: Dr redemptions on their way to wallets / Cr leaving the fund-sales collection, and so on."""
    key, until = named(shanghai(DAY), 3, "paid"), shanghai(DAY)
    placed, redeemed = entries.redemption_placed(ORDER, 5_000, DAY, 9, until), entries.holder_redeemed(ORDER, 5_000, 5_000, DAY, 9)
    assert shown(placed, redeemed, entries.redemption_collected(3, key, 5_000, DAY, 9)) == [
        "2014-02-25 REDEMPTION_PLACED in book 3",
        "  HOLD Dr holding of the buyer / Cr units at the registrar 50.00 units",
        "2014-02-25 HOLDER_REDEEMED in book 3",
        "  CAPTURE Dr holding of the buyer / Cr units at the registrar 50.00 units",
        "  Dr redemptions the registrar has yet to pay to collection / Cr redemptions on their way to wallets 50.00 yuan",
        "2014-02-25 REDEMPTION_COLLECTED in book 3",
        "  Dr fund-sales collection / Cr redemptions the registrar has yet to pay to collection 50.00 yuan",
    ]
    assert placed.lines[0].hold == redeemed.lines[0].hold == entries.redemption_hold(ORDER.id)


def test_money_that_stood_apart_pays_what_falls_due_later() -> None:
    """In the house's book; what it pays is collected in the holders' books by entries of the same transaction."""
    key = named(shanghai(DAY), 0, "joined")
    account = house_account(0, Kind.CHANNEL_FUNDS, Asset.CNY)
    assert shown(entries.stood_apart(0, key, account, Kind.FUND_COLLECTION, 5_000, DAY, 9)) == [
        "2014-02-25 STOOD_APART in book 0",
        "  Dr another channel's purchase money / Cr fund-sales collection 50.00 yuan",
    ]


def test_a_redemption_of_which_a_large_day_leaves_a_rest() -> None:
    until = shanghai(DAY)
    first = entries.holder_redeemed(ORDER, 1_000, 1_000, DAY, 9, rest=4_000, until=until)
    last = entries.holder_redeemed(ORDER, 4_000, 4_000, DAY, 9, done=1_000)
    assert shown(first, last) == [
        "2014-02-25 HOLDER_REDEEMED in book 3",
        "  CAPTURE Dr holding of the buyer / Cr units at the registrar 10.00 units",
        "  Dr redemptions the registrar has yet to pay to collection / Cr redemptions on their way to wallets 10.00 yuan",
        "  HOLD Dr holding of the buyer / Cr units at the registrar 40.00 units",
        "2014-02-25 HOLDER_REDEEMED in book 3",
        "  CAPTURE Dr holding of the buyer / Cr units at the registrar 40.00 units",
        "  Dr redemptions the registrar has yet to pay to collection / Cr redemptions on their way to wallets 40.00 yuan",
    ]
    assert (first.lines[2].hold, first.key == last.key) == (last.lines[0].hold, False)


def test_orders_that_come_to_nothing() -> None:
    cancelled, refused = entries.redemption_cancelled(ORDER, 5_000, DAY, 9), entries.redemption_refused(ORDER, 5_000, DAY, 9)
    assert shown(entries.purchase_cancelled(ORDER, DAY, 9), cancelled, refused) == [
        "2014-02-25 PURCHASE_CANCELLED in book 3",
        "  Dr purchases on their way to collection / Cr wallet of the buyer 100.50 yuan",
        "2014-02-25 REDEMPTION_CANCELLED in book 3",
        "  RELEASE Dr holding of the buyer / Cr units at the registrar 50.00 units",
        "2014-02-25 REDEMPTION_REFUSED in book 3",
        "  RELEASE Dr holding of the buyer / Cr units at the registrar 50.00 units",
    ]


def test_units_that_an_authority_freezes_and_sets_free() -> None:
    assert shown(entries.frozen(ORDER, 5_000, DAY, 9, shanghai(DAY)), entries.unfrozen(ORDER, 5_000, DAY, 9)) == [
        "2014-02-25 FROZEN in book 3",
        "  HOLD Dr holding of the buyer / Cr units at the registrar 50.00 units",
        "2014-02-25 UNFROZEN in book 3",
        "  RELEASE Dr holding of the buyer / Cr units at the registrar 50.00 units",
    ]


def test_units_that_become_money_at_once() -> None:
    """The advanced money is then drawn as a capture's is: Dr leaving the bank's advance / Cr bank's advance, and into the reserve."""
    assert shown(entries.instantly_redeemed(ORDER, WALLET, 5_000, DAY, 9)) == [
        "2014-02-25 INSTANTLY_REDEEMED in book 3",
        "  Dr holding of the buyer / Cr units on their way to the advancer 50.00 units",
        "  Dr advance line owed to the bank / Cr leaving the bank's advance 50.00 yuan",
        "  Dr advance money on its way to the reserve / Cr wallet of the buyer 50.00 yuan",
    ]


def test_each_entry_of_an_order_has_its_own_key_and_names_the_order() -> None:
    made = [
        entries.purchase_placed(ORDER, DAY, 9),
        entries.purchase_confirmed(ORDER, 1, DAY, 9),
        entries.channel_purchase_refused(ORDER, DAY, 9),
    ]
    assert len({one.key for one in made}) == 3
    assert all((one.reference, book_of(one.key)) == (ORDER.id, 3) for one in made)


def test_every_entry_stays_under_one_mirror_or_between_two_that_move() -> None:
    """What an entry takes from one mirror's side it gives to the same one's: so a book balances mirror by mirror."""
    backed_by = {row.name: row.mirror for row in CHART} | {
        NAMES[WALLET]: Kind.CUSTOMER_RESERVE, NAMES[HOLDING]: Kind.REGISTRAR_MIRROR, NAMES[PAID_IN]: Kind.FUND_COLLECTION,
    }  # fmt: skip
    key = named(shanghai(DAY), 3, "x")
    made: Sequence[JournalEntry] = [
        entries.purchase_placed(ORDER, DAY, 9), entries.purchase_placed(CHANNELS, DAY, 9),
        entries.purchase_confirmed(ORDER, 10_050, DAY, 9), entries.channel_purchase_refused(CHANNELS, DAY, 9),
        entries.income(3, key, HOLDING, 1, DAY, 9, UNITS), entries.fast_transfer_confirmed(ORDER, 1, DAY, 9),
        entries.redemption_confirmed(3, key, 1, DAY, 9, UNITS), entries.redemption_paid(3, key, 1, DAY, 9),
        *bank.allotted(PAID_IN, CHANNELS.funding, COLLECTION, 1, key, DAY, 9), entries.instantly_redeemed(ORDER, WALLET, 1, DAY, 9),
        entries.redemption_placed(ORDER, 1, DAY, 9, shanghai(DAY)), entries.holder_redeemed(ORDER, 1, 1, DAY, 9),
        entries.redemption_collected(3, key, 1, DAY, 9), entries.purchase_cancelled(ORDER, DAY, 9),
        entries.redemption_cancelled(ORDER, 1, DAY, 9), entries.redemption_refused(ORDER, 1, DAY, 9),
    ]  # fmt: skip
    for entry in made:
        for line in entry.lines:
            assert backed_by[name(line.debit)] is backed_by[name(line.credit)], FundEntry(entry.kind).name


def test_what_the_registrar_starts_by_itself() -> None:
    """Units given, taken and redeemed; a dividend reinvested, and one in money."""
    made = (
        entries.forced_increase(ORDER, 10_050, DAY, 9),
        entries.forced_decrease(ORDER, 10_050, DAY, 9),
        entries.forced_redemption(ORDER, 10_000, 12_345, DAY, 9),
        entries.dividend_reinvested(ORDER, 3_499, DAY, 9),
        entries.dividend_due(ORDER, 4_320, DAY, 9),
    )
    assert shown(*made) == [
        "2014-02-25 FORCED_INCREASE in book 3",
        "  Dr units at the registrar / Cr holding of the buyer 100.50 units",
        "2014-02-25 FORCED_DECREASE in book 3",
        "  Dr holding of the buyer / Cr units at the registrar 100.50 units",
        "2014-02-25 FORCED_REDEMPTION in book 3",
        "  Dr holding of the buyer / Cr units at the registrar 100.00 units",
        "  Dr redemptions the registrar has yet to pay to collection / Cr redemptions on their way to wallets 123.45 yuan",
        "2014-02-25 DIVIDEND_REINVESTED in book 3",
        "  Dr units at the registrar / Cr holding of the buyer 34.99 units",
        "2014-02-25 DIVIDEND_DUE in book 3",
        "  Dr redemptions the registrar has yet to pay to collection / Cr redemptions on their way to wallets 43.20 yuan",
    ]
